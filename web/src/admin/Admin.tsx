import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NotFound } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import classes from "./admin.module.css";

const areas = {
  users: lazy(() => import("./Users").then((m) => ({ default: m.Users }))),
  teams: lazy(() => import("./Teams").then((m) => ({ default: m.Teams }))),
  units: lazy(() => import("./Units").then((m) => ({ default: m.Units }))),
  roles: lazy(() => import("./Roles").then((m) => ({ default: m.Roles }))),
  profiles: lazy(() => import("./Profiles").then((m) => ({ default: m.Profiles }))),
  providers: lazy(() => import("./Providers").then((m) => ({ default: m.Providers }))),
  keys: lazy(() => import("./Keys").then((m) => ({ default: m.Keys }))),
  indexes: lazy(() => import("./Indexes").then((m) => ({ default: m.Indexes }))),
  log: lazy(() => import("./SignInLog").then((m) => ({ default: m.SignInLog }))),
};

/** Who may do what, and how people and programs get in. */
export function Admin() {
  const { t } = useTranslation();
  const { area } = useParams({ from: "/admin/$area" });
  const Area = areas[area as keyof typeof areas];
  if (!Area) return <NotFound />;
  return (
    <>
      <PageBar title={<h1>{t("admin.title")}</h1>} />
      <nav className={classes.tabs} aria-label={t("admin.title")}>
        {Object.keys(areas).map((name) => (
          <Link key={name} to="/admin/$area" params={{ area: name }} className={classes.tab} activeProps={{ "data-active": true, "aria-current": "page" }}>
            {t(`admin.area.${name}`)}
          </Link>
        ))}
      </nav>
      {/* The log is text alone: keys scroll it only if it can have the focus. */}
      <div className={classes.page} {...(area === "log" ? { tabIndex: 0, role: "region", "aria-label": t("admin.area.log") } : {})}>
        <div className={classes.inner}><Suspense fallback={<div aria-busy="true" />}><Area /></Suspense></div>
      </div>
    </>
  );
}
