// Where a record stands in its business process, as the server tells it.
export type { Process, Stage, Step } from "@/api/generated/ui";
