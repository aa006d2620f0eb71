import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { formatInstant } from "@/lib/format";
import { Failure } from "@/ui/Calm";
import classes from "./admin.module.css";

export interface Attempt { at: string; username: string; systemuserid: string | null; address: string; outcome: string }

const toneOf = (outcome: string) => (outcome.startsWith("signed in") ? "good" : outcome.startsWith("link") ? undefined : "bad");

export function AttemptTable({ list }: { list: Attempt[] }) {
  const { t } = useTranslation();
  return (
    <div className={classes.box}>
      <table className={classes.table}>
        <thead><tr><th scope="col">{t("admin.log.when")}</th><th scope="col">{t("admin.user.username")}</th><th scope="col">{t("admin.log.address")}</th><th scope="col">{t("admin.log.outcome")}</th></tr></thead>
        <tbody>
          {list.map((a, i) => (
            <tr key={i}><td className="tnum">{formatInstant(a.at)}</td><th scope="row">{a.username || "–"}</th><td className="tnum">{a.address}</td>
              <td><span className={classes.pill} data-tone={toneOf(a.outcome)}>{t(`admin.log.said.${a.outcome.replace(/[^a-z]+/g, "_")}`, { defaultValue: a.outcome })}</span></td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Every attempt to sign in, the newest first. */
export function SignInLog() {
  const { t } = useTranslation();
  const log = useInfiniteQuery({
    queryKey: ["admin", "attempts"], initialPageParam: 0, getNextPageParam: (page: { value: Attempt[]; next: number }) => (page.value.length === 100 ? page.next : undefined),
    queryFn: async ({ signal, pageParam }) => (await request<{ value: Attempt[]; next: number }>(`/api/auth/admin/attempts?before=${pageParam}`, { signal })).data,
  });
  if (log.isError) return <Failure error={log.error} onRetry={() => void log.refetch()} />;
  return (
    <>
      <AttemptTable list={log.data?.pages.flatMap((p) => p.value) ?? []} />
      {log.hasNextPage && <div><Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>{t("admin.log.more")}</Button></div>}
    </>
  );
}
