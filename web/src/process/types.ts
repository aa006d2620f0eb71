export interface Step {
  column: string;
  label: string;
  required?: boolean;
}

export interface Stage {
  id: string;
  name: string;
  table: string;
  record?: string;
  steps: Step[];
  passed: boolean;
  seconds: number;
}

/** Where a record stands in its business process. */
export interface Process {
  title: string;
  table: string;
  entityset: string;
  instance: string;
  state: "active" | "finished" | "aborted";
  activestage: string;
  enteredon: string;
  minutes?: number;
  stalledon?: string;
  backreason?: boolean;
  canfinish: boolean;
  nextneeds?: string;
  nextlookup?: string;
  stages: Stage[];
}
