//! The mailboxes of this process, and how a thread finds those that it uses.

use super::parcel::Parcel;
use crate::interpreter::renewable::Renewable;
use boc::{Mailbox, Mailboxes};
use std::cell::RefCell;

static MAILBOXES: Renewable<Mailboxes<Parcel>> = Renewable::new();

/// How many mailboxes a thread remembers.
const KNOWN: usize = 4;

/// A mailbox that has been looked up.
struct Known {
    /// The address of all the mailboxes: after a fork they are others.
    of: usize,
    tag: Box<str>,
    mailbox: Mailbox<Parcel>,
}

thread_local! {
    /// The mailboxes that this thread has found last.
    static LAST: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` with the mailbox of that tag.
#[inline]
pub(crate) fn with<R>(tag: &str, f: impl FnOnce(&Mailbox<Parcel>) -> R) -> R {
    let all = MAILBOXES.get();
    let address = std::ptr::from_ref(all).addr();
    let known = LAST.with_borrow(|last| {
        last.iter().find(|known| &*known.tag == tag && known.of == address).map(|known| known.mailbox.clone())
    });
    let mailbox = known.unwrap_or_else(|| {
        let mailbox = all.get(tag);
        LAST.with_borrow_mut(|last| {
            if last.len() == KNOWN {
                last.remove(0);
            }
            last.push(Known { of: address, tag: tag.into(), mailbox: mailbox.clone() });
        });
        mailbox
    });
    f(&mailbox)
}

/// Takes all messages off, and all bounds.
pub(crate) fn clear() -> Vec<Parcel> {
    MAILBOXES.get().clear()
}
