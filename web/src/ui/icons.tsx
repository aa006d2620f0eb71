/** Line icons on a 20-unit square, drawn for this interface. */
const paths = {
  home: "M3 9.2 10 3.5l7 5.7V16a1 1 0 0 1-1 1h-3.6v-4.6H7.600V17H4a1 1 0 0 1-1-1z",
  lead: "M10 2.800l1.900 4.300 4.700.500-3.500 3.100 1 4.600-4.100-2.400-4.100 2.400 1-4.600L3.400 7.600l4.700-.500z",
  account: "M4 17V4.500A1 1 0 0 1 5 3.500h6a1 1 0 0 1 1 1V17M12 8h3a1 1 0 0 1 1 1v8M2.500 17h15M6.700 7h2.600M6.700 10.200h2.600M6.700 13.400h2.600",
  contact: "M10 9.800a3.100 3.100 0 1 0 0-6.200 3.100 3.100 0 0 0 0 6.200zM4 16.600c.500-2.900 2.900-4.400 6-4.400s5.500 1.500 6 4.400",
  opportunity: "M3 14.500 7.500 10l3 3L17 6.500M12.500 6.500H17V11",
  campaign: "M4 8.200v3.600h2.600L13 15.600V4.400L6.600 8.200zM15.400 7.800c1.300 1.300 1.300 3.100 0 4.400M6.800 12l1 4",
  queue: "M3.500 5h13M3.500 10h13M3.500 15h8",
  task: "M4 4.500h12v11H4zM7 10l2.200 2.200L13.300 8",
  note: "M5 3.500h7.500L16 7v9.500H5zM12.300 3.700V7.200H16M7.800 10.500h5M7.800 13.300h3.400",
  table: "M3.500 4.500h13v11h-13zM3.500 8.300h13M8 8.300v7.200",
  quarantine: "M10 3 3.500 5.600v4.600c0 3.400 2.600 5.700 6.500 7.000 3.900-1.300 6.500-3.600 6.500-7.000V5.600zM10 7.200v3.600M10 13.300v.050",
  deadletter: "M3.500 5h13v10h-13zM3.700 5.300 10 10.600l6.300-5.300M8.300 12.800l3.400 0",
  flow: "M5.500 7.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM14.500 16.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5.500 7.500v3.500a3.500 3.500 0 0 0 3.500 3.500h3.500",
  rules: "M4 6h6M14 6h2M12 4.200v3.600M4 10h2M10 10h6M8 8.200v3.600M4 14h7M15 14h1M13 12.200v3.600",
  search: "M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM13 13l3.700 3.700",
  filter: "M3.500 5.500h13M6 10h8M8.500 14.500h3",
  columns: "M3.500 4.500h13v11h-13zM8 4.500v11M12.300 4.500v11",
  board: "M3.500 4.500h3.600v11H3.500zM8.200 4.500h3.600v7.500H8.200zM12.900 4.500h3.600v4.500h-3.600z",
  plus: "M10 4.500v11M4.500 10h11",
  close: "M5.500 5.500l9 9M14.500 5.500l-9 9",
  check: "M4.500 10.500 8.300 14.200 15.600 6.200",
  chevronDown: "M5.500 8 10 12.500 14.500 8",
  chevronRight: "M8 5.500l4.500 4.500L8 14.500",
  chevronLeft: "M12 5.500 7.500 10l4.500 4.500",
  arrowUp: "M10 15.500v-11M5.500 9 10 4.500 14.500 9",
  arrowDown: "M10 4.500v11M5.500 11l4.500 4.500 4.500-4.500",
  arrowRight: "M4.500 10h11M11 5.500l4.500 4.500L11 14.500",
  arrowLeft: "M15.500 10h-11M9 5.500 4.500 10 9 14.500",
  bell: "M5.500 13.500V9a4.500 4.500 0 0 1 9 0v4.500l1.300 1.300H4.200zM8.300 17h3.400",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM10 2.500v1.700M10 15.800v1.700M2.500 10h1.700M15.800 10h1.700M4.700 4.700l1.200 1.200M14.100 14.100l1.200 1.200M15.300 4.700l-1.200 1.200M5.900 14.100l-1.200 1.200",
  moon: "M16.500 11.600A6.700 6.700 0 0 1 8.400 3.500a6.700 6.700 0 1 0 8.100 8.100z",
  screen: "M3.500 4.500h13v8.500h-13zM7.500 16.500h5M10 13v3.500",
  keyboard: "M2.800 5.500h14.400v9H2.800zM5.800 8.500v.050M8.600 8.500v.050M11.400 8.500v.050M14.200 8.500v.050M7 11.800h6",
  globe: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM3 10h14M10 3c2 2 2.900 4.300 2.900 7S12 15 10 17c-2-2-2.900-4.300-2.900-7S8 5 10 3z",
  exit: "M11.500 3.500H4.500v13h7M8.500 10h8.500M14 7l3 3-3 3",
  density: "M3.500 4.500h13M3.500 8.200h13M3.500 11.800h13M3.500 15.500h13",
  menu: "M3.500 6h13M3.500 10h13M3.500 14h13",
  more: "M5 10v.050M10 10v.050M15 10v.050",
  panel: "M3.500 4.500h13v11h-13zM12 4.500v11",
  refresh: "M16 6.500v-3M16 6.500h-3M15.700 6.300A6.500 6.500 0 1 0 16.500 10",
  play: "M6.500 4.500v11l9-5.500z",
  undo: "M7 4.500 3.500 8 7 11.500M3.800 8h7.700a4.200 4.200 0 0 1 0 8.400H8",
  pencil: "M4 16l.700-3.300L13.200 4.200l2.600 2.600-8.500 8.500z",
  trash: "M4 6h12M8 6V4h4v2M5.500 6l.700 10.500h7.600L14.500 6M8.500 9v4.500M11.500 9v4.500",
  link: "M8.500 11.500a3 3 0 0 0 4.300 0l2.600-2.600a3 3 0 0 0-4.300-4.300l-1 1M11.500 8.500a3 3 0 0 0-4.300 0L4.600 11.100a3 3 0 0 0 4.300 4.300l1-1",
  warning: "M10 3.500 17.500 16.500h-15zM10 8.500v3.500M10 14.200v.050",
  info: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 9.300v4M10 6.700v.050",
  offline: "M3 3l14 14M5.200 8.600a8 8 0 0 1 2.600-1.600M11.500 6.600a8 8 0 0 1 3.300 2M7.500 11.300a4.300 4.300 0 0 1 5 0M10 15v.050M2.800 6.200a11 11 0 0 1 1.700-1.100M9 3.900a11 11 0 0 1 8.200 2.300",
  lock: "M5 9h10v7.500H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  bolt: "M11 2.800 4.500 11.500h4.500L8.500 17.200l7-9h-4.700z",
  history: "M4 5v3.300h3.300M4.300 8.100a6.200 6.200 0 1 1-.500 2.700M10 6.800V10l2.300 1.500",
  flask: "M8 3.500h4M8.700 3.500v4.500L4.500 15a1 1 0 0 0 .9 1.500h9.200a1 1 0 0 0 .9-1.500L11.300 8V3.500M6.800 12h6.400",
  grip: "M7.500 5v.050M7.500 10v.050M7.500 15v.050M12.500 5v.050M12.500 10v.050M12.500 15v.050",
  sparkle: "M10 3l1.500 5.500L17 10l-5.500 1.500L10 17l-1.500-5.500L3 10l5.500-1.500z",
  mail: "M3 5h14v10H3zM3.300 5.400 10 10.800l6.700-5.400",
  phone: "M4 4.500h3.200l1.300 3.500-1.800 1.300a9 9 0 0 0 4 4l1.300-1.800 3.500 1.300V16A12 12 0 0 1 4 4.500z",
  user: "M10 9.800a3.100 3.100 0 1 0 0-6.200 3.100 3.100 0 0 0 0 6.200zM4 16.600c.500-2.900 2.900-4.400 6-4.400s5.500 1.500 6 4.400",
  team: "M7.500 9.500a2.600 2.600 0 1 0 0-5.200 2.600 2.600 0 0 0 0 5.200zM2.500 16c.400-2.600 2.300-3.900 5-3.900s4.600 1.300 5 3.900M13 4.700a2.500 2.500 0 0 1 0 4.700M14.300 12.400c1.800.400 2.900 1.600 3.200 3.600",
  pin: "M8 3.500h4l-.500 4.500 2.500 2.500H6l2.500-2.500zM10 10.500V16.500",
  chart: "M4 16.500V9M8 16.500V5M12 16.500v-5M16 16.500V7.500M3 16.500h14",
  apps: "M4 4h4v4H4zM12 4h4v4h-4zM4 12h4v4H4zM12 12h4v4h-4z",
  settings: "M10 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM10 3v2.500M10 14.500V17M3 10h2.500M14.500 10H17M5 5l1.800 1.800M13.200 13.200 15 15M15 5l-1.800 1.800M6.800 13.200 5 15",
  clip: "M14.500 9.500 9.300 14.700a3 3 0 0 1-4.300-4.300l6-6a2 2 0 0 1 2.900 2.900l-5.800 5.800a1 1 0 0 1-1.500-1.500l5-5",
  eye: "M2.500 10S5 5 10 5s7.500 5 7.500 5-2.500 5-7.500 5-7.500-5-7.500-5zM10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  print: "M6 7.500V3.500h8v4M6 14H3.500V7.500h13V14H14M6 11.500h8v5H6z",
  bold: "M6 4h5a3 3 0 0 1 0 6H6zM6 10h6a3 3 0 0 1 0 6H6z",
  italic: "M9 4h5M6 16h5M11.500 4 8.500 16",
  list: "M8 5.500h8.500M8 10h8.500M8 14.500h8.500M4 5.500v.050M4 10v.050M4 14.500v.050",
  save: "M4 4h9.500L16 6.500V16H4zM7 4v4h5V4M7 16v-4.500h6V16",
  share: "M13.500 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5.500 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM13.500 17a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7.300 9l4.500-3M7.300 11l4.500 3",
  calendar: "M3.500 5h13v11.500h-13zM3.500 8.500h13M7 3v3M13 3v3",
  merge: "M5 3.500V7l5 4v5.500M15 3.500V7l-5 4",
  responses: "M4 4h12v9H9.500L6 16v-3H4z",
} as const;

export type IconName = keyof typeof paths;

export function isIcon(name: string | undefined): name is IconName {
  return name !== undefined && Object.hasOwn(paths, name);
}

/** Icons that point along the line of reading; base.css turns them where that goes to the left. */
const pointing: ReadonlySet<IconName> = new Set<IconName>(["chevronRight", "chevronLeft", "arrowRight", "arrowLeft", "list", "undo", "exit"]);

export function Icon({ name, size = 16, className }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg data-turns={pointing.has(name) || undefined} viewBox="0 0 20 20" width={size} height={size} fill="none" stroke="currentColor" strokeWidth={1.5}
      strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className={className} style={{ flex: "none" }}>
      <path d={paths[name]} />
    </svg>
  );
}

const byTable: Record<string, IconName> = {
  lead: "lead", account: "account", contact: "contact", opportunity: "opportunity", campaign: "campaign",
  campaignresponse: "responses", queue: "queue", queueitem: "queue", task: "task", annotation: "note",
  systemuser: "user", team: "team", rpt_rule: "rules", rpt_quarantine: "quarantine", rpt_deadletter: "deadletter",
  rpt_flowrun: "flow", incident: "responses", quote: "note", salesorder: "note", invoice: "note", email: "mail", phonecall: "phone", appmodule: "apps", workflow: "flow", knowledgearticle: "note", appnotification: "bell",
};

export function tableIcon(table: string, icon?: string): IconName {
  return isIcon(icon) ? icon : (byTable[table] ?? "table");
}
