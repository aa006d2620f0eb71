import { ActionIcon, Button } from "@mantine/core";
import { useFocusReturn, useFocusTrap, useMergedRef } from "@mantine/hooks";
import { type CSSProperties, type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { isRtl } from "@/lib/direction";
import { keyCaps, keysOf } from "@/lib/keys";
import { Icon } from "@/ui/icons";
import classes from "./Tour.module.css";

interface Stop {
  id: string;
  /** What it points at: the first that can be seen. */
  at?: string;
}

const stops: Stop[] = [
  { id: "hello" },
  { id: "apps", at: "[data-tour=apps]" },
  { id: "nav", at: "[data-tour=nav]" },
  { id: "search", at: "[data-tour=search], nav [data-tour=search-phone]" },
  { id: "work", at: "[data-tour=work]" },
  { id: "bell", at: "[data-tour=bell]" },
  { id: "keys", at: "[data-tour=keys]" },
  { id: "you", at: "[data-tour=user], [data-tour=menu]" },
];

const GAP = 10;
const CARD = { width: 320, height: 190 };

function seen(selector: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>(selector)].find((e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 0);
}

function shape(element: HTMLElement | undefined): DOMRect | undefined {
  return element?.getBoundingClientRect();
}

/** Where the card stands: beside what it tells of, inside the screen. */
function placed(target: DOMRect | undefined): CSSProperties {
  const { innerWidth: w, innerHeight: h } = window;
  const width = Math.min(CARD.width, w - 24);
  if (!target) return { width, left: (w - width) / 2, top: Math.max(24, h * 0.3) };
  const clampY = (y: number) => Math.max(12, Math.min(h - CARD.height - 12, y));
  const clampX = (x: number) => Math.max(12, Math.min(w - width - 12, x));
  if (target.right + GAP + width < w) return { width, left: target.right + GAP, top: clampY(target.top) };
  if (target.left - GAP - width > 0) return { width, left: target.left - GAP - width, top: clampY(target.top) };
  if (target.bottom + GAP + CARD.height < h) return { width, left: clampX(target.left), top: target.bottom + GAP };
  if (target.top - GAP - CARD.height > 0) return { width, left: clampX(target.left), bottom: h - target.top + GAP };
  return { width, left: (w - width) / 2, bottom: 24 };
}

/** A walk past what stands around every screen. Arrow keys go on and back, Escape ends it. */
export default function Tour({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const shown = useMemo(() => stops.filter((s) => !s.at || seen(s.at)), []);
  const [at, setAt] = useState(0);
  const [rect, setRect] = useState<DOMRect>();
  const own = useRef<HTMLDivElement>(null);
  const ref = useMergedRef(useFocusTrap(), own);
  useFocusReturn({ opened: true });
  const stop = shown[at]!;

  useLayoutEffect(() => {
    const look = () => setRect(shape(stop.at ? seen(stop.at) : undefined));
    look();
    window.addEventListener("resize", look);
    return () => window.removeEventListener("resize", look);
  }, [stop]);
  useEffect(() => own.current?.querySelector<HTMLElement>("[data-next]")?.focus(), [at]);

  const last = at === shown.length - 1;
  const step = (by: number) => (last && by > 0 ? onClose() : setAt(Math.max(0, Math.min(shown.length - 1, at + by))));
  const rtl = isRtl();
  function onKey(event: KeyboardEvent) {
    if (event.key === "Escape") onClose();
    else if (event.key === (rtl ? "ArrowLeft" : "ArrowRight")) step(1);
    else if (event.key === (rtl ? "ArrowRight" : "ArrowLeft")) step(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  return createPortal(
    <div className={classes.tour} data-blocking role="dialog" aria-modal="true" aria-labelledby="tour-title" aria-describedby="tour-text" ref={ref} onKeyDown={onKey}>
      <div className={classes.hole} data-none={!rect || undefined} style={rect && { left: rect.left - 4, top: rect.top - 4, width: rect.width + 8, height: rect.height + 8 }} />
      <div className={classes.card} style={placed(rect)} aria-live="polite">
        <div className={classes.head}>
          <h2 id="tour-title">{t(`tour.${stop.id}.title`)}</h2>
          <ActionIcon aria-label={t("tour.end")} onClick={onClose}><Icon name="close" /></ActionIcon>
        </div>
        <p id="tour-text">{t(`tour.${stop.id}.text`, { palette: keyCaps(keysOf({ keys: "mod+k", label: "keys.palette" })).join(" "), help: keyCaps(keysOf({ keys: "?", label: "keys.help" })).join(" ") })}</p>
        <div className={classes.foot}>
          <span className="faint tnum">{t("tour.progress", { at: at + 1, of: shown.length })}</span>
          <span className={classes.buttons}>
            {at > 0 && <Button variant="default" size="compact-sm" onClick={() => step(-1)}>{t("tour.back")}</Button>}
            <Button data-next size="compact-sm" onClick={() => step(1)}>{t(last ? "common.done" : "tour.next")}</Button>
          </span>
        </div>
      </div>
    </div>,
    document.body,
  );
}
