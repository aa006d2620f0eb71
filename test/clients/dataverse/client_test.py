"""Microsoft's own Python client (PowerPlatform-Dataverse-Client), unmodified,
against a running server.

  RAPPORT_URL    where the server is, over HTTPS
  RAPPORT_TOKEN  a bearer token of somebody who may do everything

Run by dataverse_test.go, which starts a server behind TLS.
"""

import os
import tempfile
import time
import unittest
import uuid

import pandas as pd
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.query_builder import ExpandOption
from PowerPlatform.Dataverse.models.upsert import UpsertItem


class Token:
    """A credential as the client asks for one: it is given the scope and answers with a token."""

    scopes = []

    def get_token(self, *scopes, **_):
        self.scopes += scopes
        return AccessToken(os.environ["RAPPORT_TOKEN"], int(time.time()) + 3600)


RUN = uuid.uuid4().hex[:8]


def client():
    return DataverseClient(os.environ["RAPPORT_URL"], Token())


class Records(unittest.TestCase):
    def test_one(self):
        with client() as c:
            key = c.records.create("lead", {"lastname": f"Müller {RUN}", "firstname": "Ada", "leadqualitycode": 1, "revenue": 1234.5})
            uuid.UUID(key)
            row = c.records.retrieve("lead", key, select=["lastname", "revenue", "leadqualitycode"], include_annotations="*")
            self.assertEqual(row["lastname"], f"Müller {RUN}")
            self.assertEqual(row["revenue"], 1234.5)
            self.assertEqual(row["leadqualitycode@OData.Community.Display.V1.FormattedValue"], "Hot")
            c.records.update("lead", key, {"lastname": f"Maier {RUN}", "leadqualitycode": "Cold"})  # a label, which the client looks up
            row = c.records.retrieve("lead", key, select=["lastname", "leadqualitycode"])
            self.assertEqual((row["lastname"], row["leadqualitycode"]), (f"Maier {RUN}", 3))
            c.records.delete("lead", key)
            self.assertIsNone(c.records.retrieve("lead", key))
            self.assertTrue(all(s.endswith("/.default") for s in Token.scopes))

    def test_many(self):
        with client() as c:
            ids = c.records.create("lead", [{"lastname": f"Many {RUN}", "firstname": f"N{i}"} for i in range(25)])
            self.assertEqual(len(set(ids)), 25)
            c.records.update("lead", ids, {"companyname": f"Co {RUN}"})
            c.records.update("lead", ids[:2], [{"jobtitle": "a"}, {"jobtitle": "b"}])
            rows = c.records.list("lead", filter=f"companyname eq 'Co {RUN}'", select=["jobtitle"], orderby=["jobtitle desc"])
            self.assertEqual(len(rows), 25)
            self.assertEqual([r["jobtitle"] for r in list(rows)[:2]], ["b", "a"])
            pages = list(c.records.list_pages("lead", filter=f"companyname eq 'Co {RUN}'", select=["firstname"], page_size=10))
            self.assertEqual([len(p) for p in pages], [10, 10, 5])
            job = c.records.delete("lead", ids)
            uuid.UUID(job)
            for _ in range(200):
                left = c.records.list("lead", filter=f"companyname eq 'Co {RUN}'", select=["leadid"])
                if len(left) == 0:
                    break
                time.sleep(0.05)
            self.assertEqual(len(left), 0, "the bulk delete did not end")

    def test_upsert(self):
        with client() as c:
            number = f"A{RUN}"
            c.records.upsert("account", [UpsertItem({"accountnumber": number}, {"name": "First"})])
            c.records.upsert("account", [UpsertItem({"accountnumber": number}, {"name": "Second"}), UpsertItem({"accountnumber": number + "b"}, {"name": "Third"})])
            rows = c.records.list("account", filter=f"startswith(accountnumber,'{number}')", select=["name"], orderby=["accountnumber"])
            self.assertEqual([r["name"] for r in rows], ["Second", "Third"])

    def test_refused(self):
        with client() as c:
            with self.assertRaises(HttpError) as e:
                c.records.create("lead", {"nosuchcolumn": 1})
            self.assertEqual(e.exception.status_code, 400)
            self.assertIn("nosuchcolumn", str(e.exception))
            with self.assertRaises(HttpError) as e:
                c.records.update("lead", str(uuid.uuid4()), {"lastname": "x"})
            self.assertEqual(e.exception.status_code, 404)


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with client() as c:
            cls.account = c.records.create("account", {"name": f"Q {RUN}"})
            bind = c.query.odata_bind("contact", "account", cls.account)
            for i in range(6):
                c.records.create("contact", {"lastname": f"Q{i} {RUN}", "firstname": ["A", "B"][i % 2], "creditlimit": 100 * i, **bind})

    def test_builder(self):
        with client() as c:
            q = c.query.builder("contact").select("lastname", "creditlimit").where(col("lastname").endswith(RUN) & (col("creditlimit") >= 200)).order_by("creditlimit", descending=True).page_size(2).count()
            rows = q.execute()
            self.assertEqual([r["creditlimit"] for r in rows], [500, 400, 300, 200])
            q = c.query.builder("contact").select("lastname").where(col("lastname").in_([f"Q1 {RUN}", f"Q4 {RUN}"]) | col("lastname").between(f"Q5 {RUN}", f"Q5 {RUN}"))
            self.assertEqual(len(q.execute()), 3)
            q = c.query.builder("account").select("name").where(col("name") == f"Q {RUN}").expand(ExpandOption("contact_customer_accounts").select("lastname").order_by("lastname").top(2)).include_formatted_values()
            rows = list(q.execute())
            self.assertEqual(len(rows), 1)
            self.assertEqual([x["lastname"] for x in rows[0]["contact_customer_accounts"]], [f"Q0 {RUN}", f"Q1 {RUN}"])
            frame = c.query.builder("contact").select("lastname", "creditlimit").where(col("lastname").endswith(RUN)).execute().to_dataframe()
            self.assertEqual(frame["creditlimit"].sum(), 1500)

    def test_sql(self):
        with client() as c:
            rows = c.query.sql(f"SELECT TOP 3 lastname, creditlimit FROM contact WHERE lastname LIKE '%{RUN}' AND creditlimit > 100 ORDER BY creditlimit")
            self.assertEqual([r["creditlimit"] for r in rows], [200, 300, 400])
            rows = c.query.sql(f"SELECT firstname, COUNT(*) AS n, SUM(creditlimit) AS total FROM contact WHERE lastname LIKE '%{RUN}' GROUP BY firstname ORDER BY firstname")
            self.assertEqual([(r["firstname"], r["n"], r["total"]) for r in rows], [("A", 3, 600), ("B", 3, 900)])
            rows = c.query.sql(f"SELECT a.name, c.lastname FROM account a JOIN contact c ON a.accountid = c.parentcustomerid WHERE a.name = 'Q {RUN}' ORDER BY c.lastname")
            self.assertEqual(len(rows), 6)
            with self.assertRaises(Exception):
                c.query.sql("DELETE FROM contact")

    def test_fetchxml(self):
        with client() as c:
            q = c.query.fetchxml(f'<fetch count="4"><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/><filter><condition attribute="lastname" operator="like" value="%{RUN}"/></filter></entity></fetch>')
            pages = list(q.execute_pages())
            self.assertEqual([len(p) for p in pages], [4, 2])
            self.assertEqual([r["lastname"] for p in pages for r in p], [f"Q{i} {RUN}" for i in range(6)])

    def test_metadata_helpers(self):
        with client() as c:
            self.assertIn("lastname", c.query.odata_select("contact", include_system=True))
            self.assertTrue(any(x["name"] == "creditlimit" for x in c.query.sql_columns("contact", include_system=True)))
            self.assertTrue(c.query.odata_expands("contact"))
            self.assertEqual(c.query.odata_expand("lead", "campaign"), "campaignid")


class Tables(unittest.TestCase):
    def test_life_of_a_table(self):
        name = f"new_Vessel{RUN}"
        with client() as c:
            info = c.tables.create(name, {"new_Code": "string", "new_Length": "decimal", "new_Built": "datetime", "new_Active": "bool", "new_Crew": "int", "new_Notes": "memo", "new_Plan": "file"}, primary_column="new_Name", display_name="Vessel")
            self.assertEqual(info["table_logical_name"], name.lower())
            self.assertIsNotNone(c.tables.get(name))
            self.assertTrue(any(t["LogicalName"] == name.lower() for t in c.tables.list(filter=f"SchemaName eq '{name}'")))
            self.assertEqual(c.tables.add_columns(name, {"new_Flag": "string"}), ["new_Flag"])
            row = c.records.create(name, {"new_name": "Aurora", "new_code": "A1", "new_length": 12.5, "new_active": True, "new_crew": 4, "new_flag": "DE"})
            got = c.records.retrieve(name, row, select=["new_name", "new_length", "new_crew", "new_flag"])
            self.assertEqual((got["new_name"], got["new_length"], got["new_crew"], got["new_flag"]), ("Aurora", 12.5, 4, "DE"))
            c.tables.create_alternate_key(name, f"new_key{RUN}", ["new_code"])
            keys = c.tables.get_alternate_keys(name)
            self.assertEqual([k.key_attributes for k in keys], [["new_code"]])
            c.records.upsert(name, [UpsertItem({"new_code": "A1"}, {"new_name": "Borealis"})])
            self.assertEqual(c.records.retrieve(name, row, select=["new_name"])["new_name"], "Borealis")
            made = c.tables.create_lookup_field(name, "new_OwnerAccount", "account", display_name="Owner account")
            self.assertIsNotNone(c.tables.get_relationship(made.relationship_schema_name))
            account = c.records.create("account", {"name": f"Owner {RUN}"})
            c.records.update(name, row, {f"new_OwnerAccount@odata.bind": f"/accounts({account})"})
            self.assertEqual(c.records.retrieve(name, row, select=["_new_owneraccount_value"])["_new_owneraccount_value"], account)
            with tempfile.NamedTemporaryFile(suffix=".txt") as f:
                f.write(b"plan " * 400_000)
                f.flush()
                c.files.upload(name, row, "new_Plan", f.name, mode="small")
                c.files.upload(name, row, "new_Plan", f.name, mode="chunk", if_none_match=False)
            self.assertIn("new_flag", [x["LogicalName"] for x in c.tables.list_columns(name, select=["LogicalName"])])
            # What would lose data asks first, here and for the table below; so it is emptied.
            with self.assertRaises(HttpError) as e:
                c.tables.delete_relationship(made.relationship_id)
            self.assertIn("confirmDataLoss", str(e.exception))
            c.records.delete(name, row)
            c.tables.delete_relationship(made.relationship_id)
            c.tables.delete_alternate_key(name, keys[0].metadata_id)
            self.assertEqual(c.tables.remove_columns(name, ["new_Flag"]), ["new_Flag"])
            c.tables.delete(name)
            self.assertIsNone(c.tables.get(name))

    def test_columns(self):
        with client() as c:
            self.assertEqual(c.tables.get_column("lead", "lastname")["AttributeType"], "String")
            typed = c.tables.get_column("lead", "leadqualitycode", typed=True)
            self.assertEqual(typed["AttributeType"], "Picklist")
            self.assertTrue(c.tables.list_table_relationships("account"))


class Batches(unittest.TestCase):
    def test_batch(self):
        with client() as c:
            b = c.batch.new()
            b.records.create("lead", {"lastname": f"B {RUN}"})
            with b.changeset() as cs:
                lead = cs.records.create("lead", {"lastname": f"C {RUN}"})
                cs.records.update("lead", lead, {"firstname": "Changed"})
            b.records.list("lead", filter=f"lastname eq 'C {RUN}'", select=["firstname"])
            b.query.sql(f"SELECT lastname FROM lead WHERE lastname = 'B {RUN}'")
            b.tables.get("lead")
            result = b.execute()
            self.assertFalse(result.has_errors, [(r.status_code, r.error_message) for r in result.failed])
            rows = c.records.list("lead", filter=f"firstname eq 'Changed' and lastname eq 'C {RUN}'", select=["leadid"])
            self.assertEqual(len(rows), 1)

    def test_errors(self):
        with client() as c:
            b = c.batch.new()
            b.records.create("lead", {"nosuchcolumn": 1})
            b.records.create("lead", {"lastname": f"D {RUN}"})
            result = b.execute(continue_on_error=True)
            self.assertEqual((len(result.failed), len(result.succeeded)), (1, 1))

    def test_frames(self):
        with client() as c:
            ids = c.dataframe.create("lead", pd.DataFrame({"lastname": [f"F1 {RUN}", f"F2 {RUN}"], "firstname": ["x", "y"]}))
            c.dataframe.update("lead", pd.DataFrame({"leadid": ids, "jobtitle": ["one", "two"]}), "leadid")
            frame = c.dataframe.sql(f"SELECT lastname, jobtitle FROM lead WHERE jobtitle IN ('one','two') AND lastname LIKE '%{RUN}' ORDER BY lastname")
            self.assertEqual(list(frame["jobtitle"]), ["one", "two"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
