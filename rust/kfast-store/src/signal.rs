//! Telling an event loop that something is ready, through a file descriptor it polls.

use std::io::{Read, Result, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Readable from the first `raise` until `lower`; a burst of raises costs one system call.
#[derive(Debug)]
pub(crate) struct Signal {
    raised: AtomicBool,
    reader: UnixStream,
    writer: UnixStream,
}

impl Signal {
    pub(crate) fn new() -> Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self {
            raised: AtomicBool::new(false),
            reader,
            writer,
        })
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            // It cannot be full: at most one byte is under way.
            let _ = (&self.writer).write(&[1]);
        }
    }

    /// To be called before collecting what is ready: what comes later raises again.
    pub(crate) fn lower(&self) {
        let _ = (&self.reader).read(&mut [0; 8]);
        self.raised.store(false, Ordering::Release);
    }
}
