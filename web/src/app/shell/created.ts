/** Tables in which people make records by hand. */
export const created = ["lead", "contact", "account", "opportunity", "task", "campaign", "incident"];
