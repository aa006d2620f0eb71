#!/bin/sh
# A session with the Web API by curl alone: who am I, write, read, page, link,
# merge two tabs' edits safely, act, delete.
#
#   RAPPORT_URL=http://127.0.0.1:8080 RAPPORT_TOKEN=… sh session.sh
#
# Every line that begins with "ok" is a check that held; the first that does not
# hold ends the script.
set -eu
api="$RAPPORT_URL/api/data/v9.2"
run=$$-$(date +%s)
body=$(mktemp); head=$(mktemp)
trap 'rm -f "$body" "$head"' EXIT

# call STATUS METHOD PATH [curl's options …]: the answer's status must be STATUS.
call() {
  want=$1 method=$2 path=$3; shift 3
  got=$(curl -sS -o "$body" -D "$head" -w '%{http_code}' -X "$method" -H "Authorization: Bearer $RAPPORT_TOKEN" -H 'OData-Version: 4.0' -H 'OData-MaxVersion: 4.0' \
    -H 'Accept: application/json' -H 'Content-Type: application/json' -H 'If-None-Match: null' "$@" "$api/$path")
  [ "$got" = "$want" ] || { echo "FAILED $method $path: $got instead of $want: $(cat "$body")"; exit 1; }
}
# holds NAME PATTERN [FILE]: the answer's body (or head) matches.
holds() {
  grep -Eq -- "$2" "${3:-$body}" || { echo "FAILED $1: no $2 in $(cat "${3:-$body}")"; exit 1; }
  echo "ok $1"
}
entity() { sed -n 's/^[Oo][Dd]ata-[Ee]ntity[Ii][Dd]: .*(\([0-9a-f-]*\)).*/\1/p' "$head" | tr -d '\r'; }

call 200 GET 'WhoAmI'
holds 'WhoAmI names user, unit and organization' '"BusinessUnitId".*"UserId".*"OrganizationId"|"OrganizationId"'

call 204 POST accounts -d "{\"name\":\"Curl $run\",\"accountnumber\":\"C$run\",\"primarycontactid\":{\"lastname\":\"Deep $run\"}}"
account=$(entity)
holds 'a created row is named in the head' 'accounts\([0-9a-f-]{36}\)' "$head"
call 200 GET "accounts($account)?\$select=name&\$expand=primarycontactid(\$select=lastname)" -H 'Prefer: odata.include-annotations="*"'
holds 'deep insert and expand' "Deep $run"
etag=$(sed -n 's/.*"@odata.etag":"W\/\\"\([0-9]*\)\\"".*/\1/p' "$body")
call 204 PATCH "accounts($account)" -H "If-Match: W/\"$etag\"" -d '{"telephone1":"030 1"}'
call 412 PATCH "accounts($account)" -H "If-Match: W/\"$etag\"" -d '{"telephone1":"030 2"}'
holds 'the second writer of a version is refused' '"error"'

call 204 PATCH "accounts(accountnumber='C$run')" -d "{\"name\":\"Curl again $run\"}"
call 200 GET "accounts(accountnumber='C$run')?\$select=name"
holds 'upsert by alternate key' "Curl again $run"
call 404 PATCH "accounts(accountnumber='none$run')" -H 'If-Match: *' -d '{"name":"x"}'
call 412 PATCH "accounts(accountnumber='C$run')" -H 'If-None-Match: *' -d '{"name":"x"}'
echo "ok conditional upserts"

for i in 1 2 3 4 5; do call 204 POST contacts -d "{\"lastname\":\"P$i $run\",\"parentcustomerid_account@odata.bind\":\"/accounts($account)\"}"; done
call 200 GET "contacts?\$select=lastname&\$orderby=lastname&\$count=true&\$filter=startswith(lastname,'P')%20and%20endswith(lastname,'$run')" -H 'Prefer: odata.maxpagesize=2'
holds 'a true total' '"@odata.count":5'
holds 'a next page' '"@odata.nextLink":'
call 200 GET "contacts?fetchXml=%3Cfetch%20aggregate='true'%3E%3Centity%20name='contact'%3E%3Cattribute%20name='contactid'%20alias='n'%20aggregate='count'/%3E%3Cfilter%3E%3Ccondition%20attribute='lastname'%20operator='like'%20value='P_%20$run'/%3E%3C/filter%3E%3C/entity%3E%3C/fetch%3E"
holds 'FetchXML counts' '"n":5'
call 200 GET "contacts?\$apply=filter(endswith(lastname,'$run'))/aggregate(\$count%20as%20n)"
holds '$apply counts' '"n":6'

call 204 POST leads -d "{\"lastname\":\"Lead $run\",\"companyname\":\"Curl Ltd $run\",\"subject\":\"A loan\"}"
lead=$(entity)
call 200 POST "leads($lead)/Microsoft.Dynamics.CRM.QualifyLead" -d '{"CreateAccount":true,"CreateContact":true,"CreateOpportunity":true,"Status":3}'
holds 'QualifyLead gives what it made' 'Microsoft.Dynamics.CRM.opportunity'
call 200 GET "leads($lead)?\$select=statecode,statuscode"
holds 'the lead is qualified' '"statecode":1'

call 400 GET "leads?\$filter=nosuch%20eq%201"
holds 'the message names what is wrong' 'nosuch'
call 204 DELETE "accounts($account)"
call 404 GET "accounts($account)"
holds 'what is gone is not found' '0x80040217'
RAPPORT_TOKEN=wrong call 401 GET WhoAmI
echo "ok a wrong token is refused"
