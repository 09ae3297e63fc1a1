//! Which versions of bocpy's interface will do.

/// The version that this crate was written for.
pub(crate) const API_VERSION: u32 = 1;

pub(crate) fn wanted() -> String {
    format!("this extension was built for version {API_VERSION} of bocpy's API for native types")
}

/// Whether a bocpy with these versions will do, or what is wrong.
pub(crate) fn fits(version: u32, oldest: u32) -> Result<(), String> {
    if version < API_VERSION {
        Err(format!(
            "{}, and the bocpy that is installed has version {version}: install a newer bocpy-rs",
            wanted()
        ))
    } else if oldest > API_VERSION {
        Err(format!(
            "{}, and the bocpy that is installed has versions {oldest} to {version}: install a newer version of this \
             extension, or an older bocpy-rs",
            wanted()
        ))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_fit() {
        assert_eq!(fits(1, 1), Ok(()));
        assert_eq!(fits(9, 1), Ok(()), "newer ones that still have ours");
    }

    #[test]
    fn versions_that_do_not_are_both_named() {
        let old = fits(0, 0).unwrap_err();
        assert!(
            old.contains("for version 1 ") && old.contains("has version 0: install a newer bocpy-rs"),
            "{old}"
        );
        let new = fits(9, 3).unwrap_err();
        assert!(
            new.contains("for version 1 ") && new.contains("has versions 3 to 9: install a newer version"),
            "{new}"
        );
    }
}
