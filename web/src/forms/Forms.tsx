import { Button, CopyButton, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { tableQuery } from "@/api/metadata";
import { API, recordUrl } from "@/api/odata";
import { callBound, fetchTop } from "@/api/records";
import { formatAgo, formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./Forms.module.css";

interface Statistics { Form: string; Submissions: number; Month: number; Suspect: number; Last: string }

interface Shown {
  id: string; name: string; title: string; state: "open" | "closed" | "draft"; campaign: string; channel: string; language: string; statistics?: Statistics;
}

const SET = "msdynmkt_marketingforms";
const FORMATTED = "@OData.Community.Display.V1.FormattedValue";

/** The forms that visitors fill in: where they are, how often they are sent, open or closed. */
export function Forms() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: table } = useQuery(tableQuery("msdynmkt_marketingform"));
  const [preview, setPreview] = useState<Shown>();
  const [embed, setEmbed] = useState<Shown>();
  const [busy, setBusy] = useState("");
  const forms = useQuery({
    queryKey: ["forms"],
    queryFn: async ({ signal }): Promise<Shown[]> => {
      const [page, counts] = await Promise.all([
        fetchTop(SET, { select: ["msdynmkt_marketingformid", "msdynmkt_name", "rpt_uniquename", "statecode", "statuscode", "rpt_channel", "rpt_language", "_campaignid_value", "_rpt_versionid_value"] as string[], orderby: "msdynmkt_name asc", top: 200 }, signal),
        request<{ Forms: Statistics[] }>(`${API}/${SET}/Microsoft.Dynamics.CRM.rpt_RetrieveFormStatistics()`, { signal }),
      ]);
      return page.rows.map((row) => ({
        id: String(row.msdynmkt_marketingformid), name: String(row.rpt_uniquename), title: String(row.msdynmkt_name), state: row.statecode !== 0 ? "closed" : row._rpt_versionid_value ? "open" : "draft",
        campaign: String(row[`_campaignid_value${FORMATTED}`] ?? ""), channel: String(row.rpt_channel ?? ""), language: String(row.rpt_language ?? ""),
        statistics: counts.data.Forms.find((s) => s.Form === row.rpt_uniquename),
      }));
    },
  });
  if (forms.isError && !forms.data) return <Failure error={forms.error} onRetry={() => void forms.refetch()} />;
  if (!forms.data) return null;

  async function turn(form: Shown) {
    setBusy(form.id);
    try {
      if (form.state === "open") await request(recordUrl(SET, form.id), { method: "PATCH", body: { statecode: 1, statuscode: 3 } });
      else if (form.state === "closed") await request(recordUrl(SET, form.id), { method: "PATCH", body: { statecode: 0, statuscode: 2 } });
      else await callBound(SET, form.id, "rpt_PublishForm");
      toast(t(form.state === "open" ? "forms.nowClosed" : "forms.nowOpen", { name: form.title }));
      await client.invalidateQueries({ queryKey: ["forms"] });
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy("");
    }
  }
  const address = (form: Shown) => `${location.origin}/f/${form.name}`;
  const line = (form: Shown) => `<script src="${location.origin}/embed.js" data-form="${form.name}" async></script>`;
  const write = table?.privileges.write;

  return (
    <>
      <PageBar title={<><h1>{t("forms.title")}</h1><span className="faint tnum">{formatNumber(forms.data.length)}</span></>} />
      <div className={classes.page}>
        {forms.data.length === 0 ? <Calm icon="rules" title={t("forms.emptyTitle")}>{t("forms.empty")}</Calm> : (
          <ul className={classes.list} aria-label={t("forms.title")}>
            {forms.data.map((form) => (
              <li key={form.id} className={classes.card} data-form={form.name}>
                <div className={classes.head}>
                  <h2><Link to={recordPath("msdynmkt_marketingform", form.id)}>{form.title}</Link></h2>
                  <span className={classes.state} data-state={form.state}>{t(`forms.state.${form.state}`)}</span>
                </div>
                <a className={classes.address} href={address(form)} target="_blank" rel="noopener">/f/{form.name}</a>
                <dl className={classes.facts}>
                  <div><dt>{t("forms.all")}</dt><dd className="tnum">{formatNumber(form.statistics?.Submissions ?? 0)}</dd></div>
                  <div><dt>{t("forms.month")}</dt><dd className="tnum">{formatNumber(form.statistics?.Month ?? 0)}</dd></div>
                  <div><dt>{t("forms.suspect")}</dt><dd className="tnum">{formatNumber(form.statistics?.Suspect ?? 0)}</dd></div>
                  <div><dt>{t("forms.last")}</dt><dd>{form.statistics ? formatAgo(form.statistics.Last) : "–"}</dd></div>
                </dl>
                <p className={classes.from}>{[form.campaign, form.channel, form.language.toUpperCase()].filter(Boolean).join(" · ")}</p>
                <div className={classes.actions}>
                  {form.state === "open" && <Button size="compact-sm" variant="default" leftSection={<Icon name="eye" size={14} />} aria-label={t("forms.previewOf", { name: form.title })} onClick={() => setPreview(form)}>{t("forms.preview")}</Button>}
                  <Button size="compact-sm" variant="default" leftSection={<Icon name="link" size={14} />} aria-label={t("forms.embedOf", { name: form.title })} onClick={() => setEmbed(form)}>{t("forms.embed")}</Button>
                  {write && <Button size="compact-sm" variant="default" loading={busy === form.id} aria-label={t(form.state === "open" ? "forms.closeOf" : "forms.openOf", { name: form.title })} onClick={() => void turn(form)}>{t(form.state === "open" ? "forms.close" : form.state === "closed" ? "forms.open" : "forms.publish")}</Button>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </div>
      {preview && (
        <Modal opened onClose={() => setPreview(undefined)} size="xl" title={t("forms.previewOf", { name: preview.title })} closeButtonProps={{ "aria-label": t("common.close") }}>
          <iframe className={classes.frame} src={`/f/${preview.name}?preview=1`} title={t("forms.previewOf", { name: preview.title })} />
        </Modal>
      )}
      {embed && (
        <Modal opened onClose={() => setEmbed(undefined)} size="lg" title={t("forms.embedOf", { name: embed.title })} closeButtonProps={{ "aria-label": t("common.close") }}>
          <p className="dim">{t("forms.embedText")}</p>
          <pre className={classes.code} tabIndex={0}>{line(embed)}</pre>
          <CopyButton value={line(embed)}>{({ copied, copy }) => <Button onClick={copy}>{t(copied ? "forms.copied" : "forms.copy")}</Button>}</CopyButton>
        </Modal>
      )}
    </>
  );
}
