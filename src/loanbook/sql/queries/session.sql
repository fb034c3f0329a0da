-- name: release
select b.release from api.book as b;
