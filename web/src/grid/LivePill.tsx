import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/icons";
import classes from "./LivePill.module.css";

/** Tells of rows that came meanwhile. They enter only when asked: nothing shifts under the cursor. */
export function LivePill({ count, label, text, onShow }: { count: number; label: string; text?: string; onShow: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="status" className={classes.place}>
      {count > 0 && (
        <button type="button" className={classes.pill} onClick={onShow}>
          <Icon name="arrowUp" size={14} />
          {text ?? t("grid.fresh", { count, label })}
        </button>
      )}
    </div>
  );
}
