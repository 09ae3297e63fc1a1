//! A descriptor that becomes ready to be read: what event loops wait for anyway, and what a worker can do without a GIL.

use std::io;

#[cfg(not(unix))]
pub(crate) use elsewhere::Signal;
#[cfg(unix)]
pub(crate) use unix::Signal;

#[cfg(unix)]
mod unix {
    use super::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    pub(crate) struct Signal {
        reading: UnixStream,
        writing: UnixStream,
    }

    impl Signal {
        pub(crate) fn new() -> io::Result<Self> {
            let (reading, writing) = UnixStream::pair()?;
            reading.set_nonblocking(true)?;
            writing.set_nonblocking(true)?;
            Ok(Signal { reading, writing })
        }

        /// The number of the descriptor that becomes ready.
        pub(crate) fn descriptor(&self) -> i64 {
            self.reading.as_raw_fd().into()
        }

        pub(crate) fn raise(&self) {
            // If there is no room, it is ready to be read.
            let _ = (&self.writing).write(&[1]);
        }

        /// It is not ready any more, until it is raised again.
        pub(crate) fn clear(&self) {
            let mut bytes = [0; 16];
            while (&self.reading).read(&mut bytes).is_ok_and(|read| read == bytes.len()) {}
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::io;

    /// There is none.
    pub(crate) enum Signal {}

    impl Signal {
        pub(crate) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn descriptor(&self) -> i64 {
            match *self {}
        }

        pub(crate) fn raise(&self) {
            match *self {}
        }

        pub(crate) fn clear(&self) {
            match *self {}
        }
    }
}
