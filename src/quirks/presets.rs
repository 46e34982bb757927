//! Vendors' servers as partial configurations: the files of `presets/`; its `sources.json`, which is
//! no part of the library, has the document that each was written from.

macro_rules! presets {
    ($($name:literal)+) => {
        /// Their names.
        pub const NAMES: &[&str] = &[$($name),+];

        /// The JSON of one.
        pub fn text(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some(include_str!(concat!("presets/", $name, ".json"))),)+
                _ => None,
            }
        }
    };
}

presets! {
    "home-assistant"
    "home-assistant-account-link"
    "github"
    "google"
    "microsoft-entra"
    "slack"
    "slack-user"
    "fitbit"
    "withings"
    "netatmo"
    "tuya"
}
