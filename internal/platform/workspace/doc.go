// Package workspace keeps what the interface is arranged by: apps, which bring
// tables, pages and dashboards together for some roles (appmodule, as in
// Dataverse), and each person's own settings (rpt_preference).
//
// An app names tables; those that are not installed, or that the person may not
// read, are left out, and an app of which nothing is left is not shown. Whether
// its rows may be read is for access control alone: an app grants nothing.
//
// The map: tables/*.yaml, navigation.go (what an app says, and its check),
// apps.go (the apps of a person), preference.go (their settings).
package workspace
