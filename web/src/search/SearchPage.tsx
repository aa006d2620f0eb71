import { Button, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDebouncedValue } from "@mantine/hooks";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { columnOf } from "@/api/rows";
import { useSession } from "@/api/session";
import type { Table } from "@/api/types";
import { formatNumber } from "@/lib/format";
import { pressed, useShortcuts } from "@/lib/keys";
import { recordPath } from "@/lib/paths";
import { useLookupNames, useLookupSearch } from "@/record/lookupSearch";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { Icon, tableIcon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { excerpt, type Hit, marked, PAGE, useFound } from "./find";
import classes from "./SearchPage.module.css";

export interface SearchAddress {
  q?: string;
  table?: string;
  owner?: string;
  page?: string;
}

const FIELDS = 3;

function Marked({ text }: { text: string }) {
  return excerpt(marked(text)).map((p, i) => (p.hit ? <mark key={i}>{p.text}</mark> : <span key={i}>{p.text}</span>));
}

function Result({ hit, table }: { hit: Hit; table: Table }) {
  const { t } = useTranslation();
  const name = String(hit.Attributes[table.primaryname] ?? "") || t("value.unnamed");
  const inName = hit.Highlights[table.primaryname]?.[0];
  const others = Object.entries(hit.Highlights)
    // What the name says already is not said again.
    .filter(([column, texts]) => column !== table.primaryname && !name.includes((texts[0] ?? "").replace(/\{\/?crmhit\}/g, ""))).slice(0, FIELDS);
  const person = ["contact", "lead", "systemuser"].includes(table.logicalname);
  return (
    <li>
      <Link to={recordPath(table.logicalname, hit.Id)} className={classes.hit}>
        {person ? <Avatar name={name} size={28} /> : <span className={classes.icon}><Icon name={tableIcon(table.logicalname, table.icon)} /></span>}
        <span className={classes.words}>
          <span className={classes.name}>{inName ? <Marked text={inName} /> : name}</span>
          {others.length > 0 && (
            <span className={classes.fields}>
              {others.map(([column, texts]) => <span key={column}><span className="faint">{columnOf(table, column)?.label ?? column}:</span> <Marked text={texts[0] ?? ""} /></span>)}
            </span>
          )}
        </span>
        <span className={classes.table}>{table.label}</span>
      </Link>
    </li>
  );
}

const ownerTables = ["systemuser", "team"];

/** Whose records; oneself first. */
function OwnerFilter({ owner, onChange }: { owner?: string; onChange: (id: string | undefined) => void }) {
  const { t } = useTranslation();
  const { session } = useSession();
  const [typed, setTyped] = useState("");
  const [words] = useDebouncedValue(typed, 180);
  const names = useLookupNames(ownerTables, owner ? [owner] : []);
  const found = useLookupSearch(ownerTables, owner && words === names[owner] ? "" : words, true);
  const me = session?.user;
  const data = new Map<string, string>();
  if (me && !typed) data.set(me.systemuserid, t("search.mine"));
  if (owner && !data.has(owner)) data.set(owner, names[owner] ?? "…");
  for (const ref of found.results) if (!data.has(ref.id)) data.set(ref.id, ref.name);
  return (
    <Select aria-label={t("search.owner")} placeholder={t("search.anyOwner")} clearable searchable value={owner ?? null} data={[...data].map(([value, label]) => ({ value, label }))}
      onSearchChange={setTyped} filter={({ options }) => options} onChange={(v) => onChange(v ?? undefined)} nothingFoundMessage={found.busy ? t("palette.searching") : t("palette.none")} />
  );
}

/** All that can be found, in all tables. */
export function SearchPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { q = "", table, owner, page: pageText }: SearchAddress = useSearch({ strict: false });
  const page = Math.max(0, (Number(pageText) || 1) - 1);
  const { data: tables } = useTables();
  const found = useFound({ q, table, owner, page });
  const box = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [typed, setTyped] = useState(q);
  const sent = useRef(q);
  const change = (next: Partial<SearchAddress>) => void navigate({ to: "/search", search: { q: sent.current || undefined, table, owner, page: undefined, ...next }, replace: true });
  const send = useDebouncedCallback((words: string) => { sent.current = words; change({ q: words || undefined }); }, 220);
  useEffect(() => {
    if (q !== sent.current) {
      sent.current = q;
      setTyped(q);
    }
  }, [q]);
  useShortcuts([
    { keys: "/", label: "keys.search", group: "keys.list", run: () => box.current?.focus() },
    { keys: "j", label: "keys.next", group: "keys.list", run: () => step(1) },
    { keys: "k", label: "keys.previous", group: "keys.list", run: () => step(-1) },
  ]);
  const step = (by: number) => {
    const links = [...(list.current?.querySelectorAll("a") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (at < 0 && by < 0) return;
    if (at === 0 && by < 0) box.current?.focus();
    else links[Math.min(links.length - 1, at + by)]?.focus();
  };
  function onKey(event: KeyboardEvent) {
    if (event.key === "ArrowDown" || pressed(event, "keys.next", "j") && event.target !== box.current) step(1);
    else if (event.key === "ArrowUp" || pressed(event, "keys.previous", "k") && event.target !== box.current) step(-1);
    else return;
    event.preventDefault();
  }

  const data = q.trim() ? found.data : undefined;
  const label = (name: string) => tables?.find((x) => x.logicalname === name)?.pluralLabel ?? name;
  const all = data?.of.reduce((sum, f) => sum + f.count, 0) ?? 0;
  const pages = Math.ceil((data?.total ?? 0) / PAGE);
  return (
    <>
      <PageBar title={<h1>{t("search.title")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner} onKeyDown={onKey}>
          <TextInput ref={box} autoFocus={!q} type="search" size="md" aria-label={t("search.label")} placeholder={t("search.placeholder")} value={typed} leftSection={<Icon name="search" size={17} />}
            onChange={(e) => { setTyped(e.currentTarget.value); send(e.currentTarget.value); }} />
          <div className={classes.narrow}>
            {data && data.of.length > 0 ? (
              <div className={classes.tables} role="group" aria-label={t("search.tables")}>
                <button type="button" className={classes.facet} aria-pressed={!table} onClick={() => change({ table: undefined })}>{t("search.all")} <span className="tnum">{formatNumber(all)}</span></button>
                {data.of.map((f) => (
                  <button key={f.table} type="button" className={classes.facet} aria-pressed={table === f.table} onClick={() => change({ table: table === f.table ? undefined : f.table })}>
                    {label(f.table)} <span className="tnum">{formatNumber(f.count)}</span>
                  </button>
                ))}
              </div>
            ) : <span />}
            {q && (
              <div className={classes.owner}>
                <OwnerFilter owner={owner} onChange={(id) => change({ owner: id })} />
              </div>
            )}
          </div>
          <p role="status" className={classes.count}>{data ? t("search.count", { count: data.total, number: formatNumber(data.total) }) : q ? "" : t("search.hint")}</p>
          {found.isError && <Failure error={found.error} onRetry={() => void found.refetch()} />}
          {data && data.total === 0 && !found.isFetching && <Calm icon="search" title={t("search.noneTitle", { words: q })}>{t("search.none")}</Calm>}
          {data && data.hits.length > 0 && (
            <ol ref={list} className={classes.hits} data-stale={found.isPlaceholderData || undefined} aria-busy={found.isFetching}>
              {data.hits.map((h) => <Result key={`${h.hit.EntityName}-${h.hit.Id}`} {...h} />)}
            </ol>
          )}
          {pages > 1 && (
            <nav className={classes.pages} aria-label={t("search.pages")}>
              <Button variant="default" disabled={page === 0} onClick={() => change({ page: page > 1 ? String(page) : undefined })}>{t("search.before")}</Button>
              <span className="tnum dim">{t("search.page", { page: formatNumber(page + 1), of: formatNumber(pages) })}</span>
              <Button variant="default" disabled={page + 1 >= pages} onClick={() => change({ page: String(page + 2) })}>{t("search.after")}</Button>
            </nav>
          )}
        </div>
      </div>
    </>
  );
}
