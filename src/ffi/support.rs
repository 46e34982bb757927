//! What the exports share.

pub(super) mod ask;
pub(super) mod errno;
pub(super) mod fence;
pub(super) mod handle;
pub(super) mod out;
pub(super) mod registration;
pub(super) mod text;
