import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "@/lib/format";
import { Icon } from "@/ui/icons";
import { countSample, useSample } from "./sample";
import classes from "./SampleNotice.module.css";

const SampleDialog = lazy(() => import("./SampleDialog"));

/** Says that there are sample records, to who can take them out. */
export function SampleNotice() {
  const { t } = useTranslation();
  const { data } = useSample();
  const [open, setOpen] = useState(false);
  const count = countSample(data);
  if (!data || count === 0) return null;
  return (
    <section className={classes.notice} aria-label={t("sample.title")}>
      <Icon name="flask" />
      <span className="grow">{t("sample.notice", { count, number: formatNumber(count) })}</span>
      <Button variant="default" size="compact-sm" onClick={() => setOpen(true)}>{t("sample.open")}</Button>
      {open && <Suspense fallback={null}><SampleDialog sample={data} onClose={() => setOpen(false)} /></Suspense>}
    </section>
  );
}
