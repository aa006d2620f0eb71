import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/icons";
import classes from "./OfflineBar.module.css";

/** Says that the line is down, without taking the screen away. */
export function OfflineBar() {
  const { t } = useTranslation();
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return (
    <div role="status" className={online ? undefined : classes.bar}>
      {!online && <><Icon name="offline" size={15} /> {t("shell.offline")}</>}
    </div>
  );
}
