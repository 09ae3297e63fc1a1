//! Messages: `send`, `receive`, `drain` and `set_tags`.

use super::patience::Patience;
use crate::ffi::args::Args;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::method::Function;
use crate::ffi::{Object, PyResult, Python, Tuple, text};
use crate::host::updates::refuse_in_update;
use crate::transport::by_reference::Opening;
use crate::transport::mail;
use crate::transport::parcel::Parcel;
use boc::{Mailbox, Message};
use smallvec::SmallVec;
use std::ffi::CStr;

/// What `receive` gives for a tag when there was no message in time.
pub(crate) const TIMEOUT: &str = "__timeout__";

/// The longest tag, and the longest key of a notice.
const LONGEST: usize = 63;

/// The text of a tag, or of a key of the noticeboard.
pub(crate) fn name<'a>(object: &'a Object<'_>, what: &str) -> PyResult<&'a str> {
    match object.to_str() {
        Some(text) if (1..=LONGEST).contains(&text.len()) => Ok(text),
        text => Err(bad_name(object, what, text)),
    }
}

#[cold]
fn bad_name(object: &Object<'_>, what: &str, text: Option<&str>) -> Raised {
    let py = object.py();
    match text {
        Some("") => error::raise(py, Kind::Value, &format!("{what} is empty: it must be a non-empty string")),
        Some(text) => {
            let message = format!(
                "{what} is too long: '{text}' takes {} UTF-8 bytes, and {LONGEST} is the most",
                text.len()
            );
            error::raise(py, Kind::Value, &message)
        }
        None if object.is_str() => error::raise(
            py,
            Kind::Value,
            &format!("{what} holds a lone surrogate, which UTF-8 cannot encode"),
        ),
        None => {
            let message = format!("{what} must be a string, not {}", object.class_name());
            error::raise(py, Kind::Type, &message)
        }
    }
}

fn tag_of<'a>(object: &'a Object<'_>) -> PyResult<&'a str> {
    let tag = name(object, "the tag")?;
    if tag == TIMEOUT {
        let message =
            "the tag '__timeout__' is what receive() returns on a timeout (bocpy.TIMEOUT): use another";
        return Err(error::raise(object.py(), Kind::Value, message));
    }
    Ok(tag)
}

/// `send(tag, contents, /, *, timeout=None)`.
pub(crate) struct Send;

impl Function for Send {
    const NAME: &'static CStr = c"send";
    const DOC: &'static CStr = doc!("send($module, tag, contents, /, *, timeout=None)", SEND);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [tag, contents, timeout] = args.bind("send", ["tag", "contents", "timeout"], 2)?;
        let (Some(tag), Some(contents)) = (tag, contents) else {
            return Err(error::raise(py, Kind::Type, "send() takes two arguments: a tag, and the contents"));
        };
        refuse_in_update(py, "send")?;
        let text = tag_of(tag)?;
        let patience = Patience::new(py, timeout)?;
        let parcel = Parcel::pack(contents, || format!("the contents of a message with the tag '{text}'"))?;
        let mailbox =
            match mail::with(text, |mailbox| mailbox.try_send(parcel).map_err(|it| (it, mailbox.clone()))) {
                Ok(()) => return Ok(py.none()),
                Err(full) => full,
            };
        let (parcel, mailbox) = mailbox;
        let sent = patience.wait(py, parcel, |parcel, patience| mailbox.send(parcel, patience))?;
        sent.map(|()| py.none()).map_err(|_| {
            let waiting = match mailbox.len() {
                1 => "1 message waits".to_owned(),
                waiting => format!("{waiting} messages wait"),
            };
            let message = format!(
                "the tag '{text}' is full: {waiting} to be received, and there was no room for another in time"
            );
            error::raise(py, Kind::Timeout, &message)
        })
    }
}

/// Tags, as one string or several.
fn tags<'py>(function: &str, tags: &Object<'py>) -> PyResult<SmallVec<[Object<'py>; 4]>> {
    if tags.to_str().is_some() || tags.is_str() {
        return Ok(SmallVec::from_iter([tags.clone()]));
    }
    let py = tags.py();
    if tags.is_bytes() {
        let message = format!("{function}() takes a tag, which is a string, not bytes");
        return Err(error::raise(py, Kind::Type, &message));
    }
    let all = tags.items().map_err(|raised| {
        if !error::is(py, Kind::Type) {
            return raised;
        }
        error::clear(py);
        let message = format!("{function}() takes a tag, or several in a list, not {}", tags.class_name());
        error::raise(py, Kind::Type, &message)
    })?;
    Ok(all.into())
}

/// `receive(tags, /, timeout=-1, after=None)`.
pub(crate) struct Receive;

impl Function for Receive {
    const NAME: &'static CStr = c"receive";
    const DOC: &'static CStr = doc!("receive($module, tags, /, timeout=-1, after=None)", RECEIVE);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [asked, timeout, after] = args.bind("receive", ["tags", "timeout", "after"], 3)?;
        let Some(asked) = asked else {
            return Err(error::raise(py, Kind::Type, "receive() takes a tag, or a list of tags"));
        };
        refuse_in_update(py, "receive")?;
        let after = after.filter(|after| !after.is_none());
        if let Some(after) = after.filter(|after| !after.is_callable()) {
            let message = format!("after must be callable, not {}", after.class_name());
            return Err(error::raise(py, Kind::Type, &message));
        }
        let tags = tags("receive", asked)?;
        if tags.is_empty() {
            return Err(error::raise(py, Kind::Value, "receive() needs at least one tag"));
        }
        let mailboxes: PyResult<SmallVec<[Mailbox<Parcel>; 4]>> =
            tags.iter().map(|tag| Ok(mail::with(tag_of(tag)?, Mailbox::clone))).collect();
        let mailboxes = mailboxes?;
        let patience = Patience::new(py, timeout)?;
        let mut message = boc::try_receive(&mailboxes);
        if message.is_none() {
            let waited =
                patience.wait(py, (), |(), patience| boc::receive(&mailboxes, patience).ok_or(()))?;
            message = waited.ok();
        }
        match message {
            Some(message) => open(py, &tags, &mailboxes, message),
            None => match after {
                Some(after) => after.call(&[]),
                None => Ok(Tuple::new(py, vec![text::string(py, TIMEOUT)?, py.none()])?.into()),
            },
        }
    }
}

/// What `receive` gives for a message. One that can't be opened stays the next.
fn open<'py>(
    py: Python<'py>,
    tags: &[Object<'py>],
    mailboxes: &[Mailbox<Parcel>],
    message: Message<Parcel>,
) -> PyResult<Object<'py>> {
    let place = message.place;
    match message.value.open(py, Opening::Own) {
        Ok(contents) => Ok(Tuple::new(py, vec![tags[place].clone(), contents])?.into()),
        Err(raised) => {
            let class = message.value.class();
            mailboxes[place].put_back(message);
            if error::is(py, Kind::KeyboardInterrupt) {
                return Err(raised);
            }
            let Some(reason) = error::take(py) else { return Err(raised) };
            let text = format!(
                "a message with the tag '{}' could not be opened here: its contents, of type '{class}': {}. It is still the \
                 next message: receive it elsewhere, or drain() the tag",
                tags[place].to_str().unwrap_or("?"),
                error::describe_object(&reason),
            );
            error::restore(reason);
            Err(error::raise_from(py, Kind::Runtime, &text))
        }
    }
}

/// `drain(tags, /)`.
pub(crate) struct Drain;

impl Function for Drain {
    const NAME: &'static CStr = c"drain";
    const DOC: &'static CStr = doc!("drain($module, tags, /)", DRAIN);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(asked)] = args.bind("drain", ["tags"], 1)? else {
            return Err(error::raise(py, Kind::Type, "drain() takes a tag, or a list of tags"));
        };
        refuse_in_update(py, "drain")?;
        let tags = tags("drain", asked)?;
        let names: PyResult<SmallVec<[&str; 4]>> = tags.iter().map(tag_of).collect();
        for name in names? {
            drop(mail::with(name, Mailbox::drain));
        }
        Ok(py.none())
    }
}

/// `set_tags(tags, /)`.
pub(crate) struct SetTags;

impl Function for SetTags {
    const NAME: &'static CStr = c"set_tags";
    const DOC: &'static CStr = doc!("set_tags($module, tags, /)", SET_TAGS);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(asked)] = args.bind("set_tags", ["tags"], 1)? else {
            return Err(error::raise(
                py,
                Kind::Type,
                "set_tags() takes a list of tags, or a dict of tags and bounds",
            ));
        };
        refuse_in_update(py, "set_tags")?;
        let tags = tags("set_tags", asked)?;
        let mut bounds = Vec::with_capacity(tags.len());
        for tag in &tags {
            let name = tag_of(tag)?;
            let bound = match asked.as_dict() {
                Some(bounds) => bounds.get(tag)?,
                None => None,
            };
            bounds.push((name, bound_of(name, bound)?));
        }
        drop(mail::clear());
        for (name, bound) in bounds {
            mail::with(name, |mailbox| mailbox.set_bound(bound));
        }
        Ok(py.none())
    }
}

fn bound_of(tag: &str, bound: Option<Object<'_>>) -> PyResult<usize> {
    let Some(bound) = bound.filter(|bound| !bound.is_none()) else { return Ok(usize::MAX) };
    let py = bound.py();
    if !bound.is_int_like() || bound.is_bool() {
        let message =
            format!("the bound of the tag '{tag}' must be an int or None, not {}", bound.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    match bound.as_int().and_then(|bound| bound.to_i64()).and_then(|bound| usize::try_from(bound).ok()) {
        Some(bound) if bound > 0 => Ok(bound),
        _ => {
            let text = bound.str()?;
            let message = format!(
                "the bound of the tag '{tag}' must be a number from 1 to {}, of messages that may wait, not {}",
                i64::MAX,
                text.to_str().unwrap_or("?")
            );
            Err(error::raise(py, Kind::Value, &message))
        }
    }
}
