import { Popover } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Reference } from "@/api/types";
import classes from "./LookupHover.module.css";

const LookupCard = lazy(() => import("./LookupCard"));

const OPEN = 350;
const CLOSE = 180;

/** Shows a card of the record that a lookup leads to: under the pointer, or while `focused`. */
export function LookupHover({ reference, focused, children }: { reference: Reference; focused?: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const later = (next: boolean, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(next), wait);
  };
  useEffect(() => {
    if (focused !== undefined) later(focused, focused ? OPEN : CLOSE);
    return () => clearTimeout(timer.current);
  }, [focused]);
  useEffect(() => {
    if (!open) return;
    const close = (e: KeyboardEvent) => { if (e.key === "Escape") { e.stopPropagation(); e.preventDefault(); setOpen(false); } };
    document.addEventListener("keydown", close, true);
    return () => document.removeEventListener("keydown", close, true);
  }, [open]);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" width={300} shadow="md" trapFocus={false} withRoles={false}>
      <Popover.Target>
        <span className={classes.target} onPointerEnter={(e) => { if (e.pointerType === "mouse") later(true, OPEN); }} onPointerLeave={() => later(false, CLOSE)}
          onClick={() => { clearTimeout(timer.current); setOpen(false); }}>
          {children}
        </span>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t("field.cardOf", { name: reference.name })} onPointerEnter={() => clearTimeout(timer.current)} onPointerLeave={() => later(false, CLOSE)}
        onClick={(e) => e.stopPropagation()}>
        {open && <Suspense fallback={<span className="faint">…</span>}><LookupCard reference={reference} /></Suspense>}
      </Popover.Dropdown>
    </Popover>
  );
}
