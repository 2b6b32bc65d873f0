//! The log in one SQLite file: WAL, fsync on every commit, the file locked against other processes.

use super::{DurableLog, LogError, Record};
use crate::Event;
use kfast_core::Revision;
use rusqlite::{Connection, ErrorCode, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Marks the file as ours (`PRAGMA application_id`): "kfst".
const APPLICATION_ID: i32 = 0x6b66_7374;

/// Objects are some KB and only ever appended: large pages and early checkpoints gave the shortest stalls.
const PAGE_BYTES: i32 = 32 * 1024;
const CHECKPOINT_PAGES: i32 = 250;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB
) STRICT";

/// A table of (revision, resource, key, value); a value of NULL is a delete.
#[derive(Debug)]
pub struct SqliteLog {
    path: PathBuf,
    /// `None` after a failure: the next append opens anew.
    connection: Option<Connection>,
    /// An append failed: rows beyond the last success may exist.
    suspect: bool,
}

impl SqliteLog {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// `InUse`; `Failed` if it cannot be opened or is no store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LogError> {
        let path = path.as_ref().to_owned();
        let connection = connect(&path)?;
        Ok(Self {
            path,
            connection: Some(connection),
            suspect: false,
        })
    }

    fn try_append(&mut self, events: &[Arc<Event>], dead: &[Revision]) -> Result<(), LogError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connect(&self.path)?),
        };
        let failed = |e| failure(&self.path, e);
        let transaction = connection.transaction().map_err(failed)?;
        if let (true, Some(first)) = (self.suspect, events.first()) {
            transaction
                .execute(
                    "DELETE FROM log WHERE revision >= ?1",
                    [number(first.revision)],
                )
                .map_err(failed)?;
        }
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4)")
                .map_err(failed)?;
            for event in events {
                let value = event.next.as_ref().map(|v| v.object.bytes());
                insert
                    .execute(params![
                        number(event.revision),
                        event.resource,
                        event.key,
                        value.as_deref()
                    ])
                    .map_err(failed)?;
            }
            let mut delete = transaction
                .prepare_cached("DELETE FROM log WHERE revision = ?1")
                .map_err(failed)?;
            for revision in dead {
                delete.execute([number(*revision)]).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }
}

impl DurableLog for SqliteLog {
    fn load(&mut self, found: &mut dyn FnMut(Record)) -> Result<(), LogError> {
        let Some(connection) = &self.connection else {
            return Ok(());
        };
        let mut read = || -> rusqlite::Result<()> {
            let mut select = connection
                .prepare("SELECT revision, resource, key, value FROM log ORDER BY revision")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                found(Record {
                    revision: row.get::<_, i64>(0)?.cast_unsigned(),
                    resource: row.get(1)?,
                    key: row.get(2)?,
                    value: row.get(3)?,
                });
            }
            Ok(())
        };
        read().map_err(|e| failure(&self.path, e))
    }

    fn append(&mut self, events: &[Arc<Event>], dead: &[Revision]) -> Result<(), LogError> {
        let result = self.try_append(events, dead);
        self.suspect = result.is_err();
        if result.is_err() {
            self.connection = None;
        }
        result
    }
}

/// As SQLite counts: up to 2^63 - 1, which no counter reaches.
fn number(revision: Revision) -> i64 {
    revision.cast_signed()
}

fn connect(path: &Path) -> Result<Connection, LogError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        let id: i32 = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
        if id != APPLICATION_ID && tables > 0 {
            return Err(rusqlite::Error::InvalidQuery);
        }
        if id != APPLICATION_ID {
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        connection.execute(SCHEMA, [])?;
        // In exclusive mode the lock taken by the first write is kept.
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
        Ok(connection)
    };
    open().map_err(|e| failure(path, e))
}

fn failure(path: &Path, error: rusqlite::Error) -> LogError {
    let name = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            LogError::InUse(name.to_string())
        }
        _ if error == rusqlite::Error::InvalidQuery => {
            LogError::Failed(format!("{name} is another program's database"))
        }
        _ => LogError::Failed(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Fields;
    use kfast_core::Object;

    fn event(revision: Revision, name: &str) -> Arc<Event> {
        let text =
            format!("{{\"metadata\":{{\"resourceVersion\":\"{revision}\",\"name\":\"{name}\"}}}}");
        let next = Fields::default().version(Object::parse(text.into_bytes()).unwrap());
        let key = format!("/{name}").into();
        Arc::new(Event::new(revision, "nodes".into(), key, None, Some(next)))
    }

    fn keys(log: &mut SqliteLog) -> Vec<(Revision, String)> {
        let mut found = Vec::new();
        log.load(&mut |r| found.push((r.revision, r.key))).unwrap();
        found
    }

    #[test]
    fn what_a_failed_append_left_is_replaced() {
        let name = format!("kfast-suspect-{}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut log = SqliteLog::open(&path).unwrap();
        log.append(&[event(2, "a")], &[]).unwrap();
        // As if the commit had reached the disk and its acknowledgement had not.
        log.append(&[event(3, "lost"), event(4, "lost-too")], &[])
            .unwrap();
        log.suspect = true;
        log.append(&[event(3, "b")], &[]).unwrap();
        let expected = [(2, "/a".to_owned()), (3, "/b".to_owned())];
        assert_eq!(keys(&mut log), expected);

        // A refused batch is refused whole, and the log opens anew.
        assert!(
            log.append(&[event(4, "c"), event(2, "again")], &[])
                .is_err()
        );
        assert!(log.connection.is_none() && log.suspect);
        log.append(&[event(4, "d")], &[2]).unwrap();
        assert_eq!(keys(&mut log), [(3, "/b".to_owned()), (4, "/d".to_owned())]);
        drop(log);
        std::fs::remove_file(path).unwrap();
    }
}
