import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Viewer } from "@/api/live";
import { Avatar } from "@/ui/Avatar";
import classes from "./Viewers.module.css";

const SHOWN = 4;

/** Who else has the record on the screen just now. */
export function Viewers({ people }: { people: readonly Viewer[] }) {
  const { t } = useTranslation();
  const text = people.length > 0 ? t("record.viewing", { count: people.length, names: people.map((p) => p.name).join(", ") }) : "";
  return (
    <span role="status" className={classes.people}>
      {people.length > 0 && (
        <Tooltip label={text}>
          <span className={classes.row}>
            {people.slice(0, SHOWN).map((p) => <span key={p.id} className={classes.one}><Avatar name={p.name} size={24} /></span>)}
            {people.length > SHOWN && <span className="faint" aria-hidden="true">+{people.length - SHOWN}</span>}
          </span>
        </Tooltip>
      )}
      <span className="sr-only">{text}</span>
    </span>
  );
}
