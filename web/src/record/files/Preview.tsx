import { Button, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { asApiError, errorFrom } from "@/api/errors";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import classes from "./Preview.module.css";

/** Of longer texts only the beginning is shown. */
const MOST = 100_000;

async function content(url: string, signal: AbortSignal): Promise<{ text?: string; url?: string }> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw await errorFrom(response);
  const type = response.headers.get("Content-Type") ?? "";
  if (/^image\/(png|jpeg|gif|webp|bmp|avif)/.test(type)) return { url };
  if (!/^text\/|json|csv/.test(type)) return {};
  return { text: (await response.text()).slice(0, MOST) };
}

/** A look at a file without taking it out: pictures and texts; all else is downloaded. */
export default function Preview({ file, name, onClose }: { file: { full: string; name: string }; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery({ queryKey: ["file", file.full], queryFn: ({ signal }) => content(file.full, signal), retry: false });
  return (
    <Modal opened onClose={onClose} title={name} size="xl" returnFocus={false} closeButtonProps={{ "aria-label": t("common.close") }}>
      {query.isError && <Failure small error={asApiError(query.error)} onRetry={() => void query.refetch()} />}
      {query.data?.url && <img className={classes.picture} src={query.data.url} alt={name} />}
      {query.data?.text !== undefined && <pre className={classes.text} tabIndex={0} role="region" aria-label={name}>{query.data.text}</pre>}
      {query.data && !query.data.url && query.data.text === undefined && <Calm small icon="clip" title={t("file.noPreviewTitle")}>{t("file.noPreview")}</Calm>}
      <div className={classes.foot}><Button component="a" href={file.full} download={file.name || true} variant="default" leftSection={<Icon name="arrowDown" size={14} />}>{t("file.downloadDo")}</Button></div>
    </Modal>
  );
}
