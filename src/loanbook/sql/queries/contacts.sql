-- name: get
select
    k.user_id,
    k.name,
    k.email,
    k.tax_id,
    k.phone,
    k.locale,
    k.opted_out_at,
    k.owner,
    k.version,
    k.amended_at
from api.contacts as k
where k.user_id = %(user_id)s;

-- name: register
select
    r.version,
    r.duplicates
from api.register_contact(
    %(user_id)s, %(name)s, %(email)s, %(tax_id)s, %(phone)s, %(locale)s, %(reason)s,
    %(duplicates)s
) as r;

-- name: amend
select
    a.version,
    a.duplicates
from api.amend_contact(
    %(user_id)s, %(reason)s, %(name)s, %(email)s, %(tax_id)s, %(phone)s, %(locale)s,
    %(opted_out)s, %(version)s, %(duplicates)s
) as a;

-- name: export
select api.export_client(%(user_id)s)::text;

-- name: anonymise
select
    a.erased_at,
    a.owed,
    a.known
from api.anonymise_client(%(user_id)s, %(reason)s) as a;

-- name: erased_file
select api.note_erased_file(%(archived_as)s, %(rest)s, %(digest)s);
