import { describe, expect, it } from "vitest";
import type { Column, Table } from "@/api/types";
import { exportUrl } from "./exportUrl";

const table = { logicalname: "lead" } as Table;
const columns = [{ name: "fullname", type: "text" }, { name: "ownerid", type: "lookup" }] as Column[];
const asked = (url: string) => Object.fromEntries(new URLSearchParams(url.split("?")[1]));

describe("the address of an export", () => {
  it("asks for the list as it is seen", () => {
    expect(asked(exportUrl({ table, columns, filter: "statecode eq 0", orderby: "createdon desc" }, "csv", "de"))).toEqual({
      format: "csv", language: "de", $select: "fullname,_ownerid_value", $filter: "statecode eq 0", $orderby: "createdon desc",
    });
  });
  it("keeps the rows of a group together", () => {
    expect(asked(exportUrl({ table, columns, filter: "", orderby: "_ownerid_value desc,createdon desc", by: columns[1] }, "xlsx", "en")).$orderby).toBe("_ownerid_value asc,createdon desc");
  });
  it("asks for a saved view as it was saved, never for all rows of the table", () => {
    expect(asked(exportUrl({ table, columns, filter: "", orderby: "createdon desc", whole: "userQuery=7" }, "parquet", "en"))).toEqual({
      format: "parquet", language: "en", userQuery: "7", columns: "fullname,ownerid",
    });
  });
});
