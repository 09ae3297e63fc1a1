//! How values travel between interpreters.
//!
//! A value is [`Portable`](portable::Portable), in a form that any interpreter can open, or a resident left in its home.
//! What a cown owns at any time is its [`Slot`](slot::Slot).
#![forbid(unsafe_code)]

mod advice;
pub(crate) mod answers;
#[cfg_attr(not(feature = "probe"), allow(dead_code, reason = "no type but Cown moves so yet"))]
pub(crate) mod by_reference;
mod carrier;
pub(crate) mod cown;
mod form;
pub(crate) mod glimpse;
pub(crate) mod holder;
pub(crate) mod immutable;
pub(crate) mod in_transit;
pub(crate) mod lane;
mod leaving;
pub(crate) mod lines;
pub(crate) mod mail;
pub(crate) mod namespaces;
pub(crate) mod noticeboard;
pub(crate) mod notifier;
pub(crate) mod out_of_band;
#[cfg_attr(not(feature = "probe"), allow(dead_code, reason = "as above"))]
pub(crate) mod pack;
pub(crate) mod packed;
pub(crate) mod parcel;
pub(crate) mod pinned;
pub(crate) mod portable;
pub(crate) mod reading;
pub(crate) mod recorded;
pub(crate) mod registered;
pub(crate) mod relay;
pub(crate) mod reports;
pub(crate) mod residents;
pub(crate) mod scalar;
pub(crate) mod scope;
mod signal;
pub(crate) mod slot;
pub(crate) mod tenure;
pub(crate) mod unpack;
