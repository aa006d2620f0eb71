import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { asApiError } from "@/api/errors";
import { remember, takeBack, type Undo } from "@/lib/undo";
import { Icon } from "./icons";

/** A short note at the foot of the screen. */
export function toast(message: string): void {
  notifications.show({ message, autoClose: 4000, withCloseButton: false, icon: <Icon name="check" />, color: "teal" });
}

export function toastFailure(error: unknown): void {
  const failure = asApiError(error);
  const known = failure.kind === "network" || failure.kind === "forbidden" || failure.kind === "busy";
  const text = known ? i18next.t(`failure.${failure.kind}`) : failure.message || i18next.t("failure.server");
  notifications.show({ message: text, autoClose: 8000, icon: <Icon name="warning" />, color: "red", role: "alert" });
}

/** Says what was done and offers to take it back; Ctrl+Z does the same. */
export function toastUndo(message: string, undo: Undo): void {
  remember(undo);
  const id = "undo";
  notifications.hide(id);
  const back = () => {
    notifications.hide(id);
    void takeBack(undo).then((u) => u && toast(i18next.t("undo.done", { what: u.label })), toastFailure);
  };
  notifications.show({
    id,
    autoClose: 8000,
    withCloseButton: false,
    icon: <Icon name="check" />,
    color: "teal",
    message: (
      <span className="row">
        <span className="grow">{message}</span>
        <Button variant="subtle" size="compact-xs" onClick={back}>{i18next.t("undo.button")}</Button>
      </span>
    ),
  });
}
