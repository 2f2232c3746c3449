//! Words of the language: enumerations whose variants have one name each, everywhere.

/// Defines an enumeration whose variants have a name in documents, messages and code.
///
/// One list makes the type, its names, its `Display` and its serde form, so that none of them can differ.
macro_rules! names {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Name:ident {
            $( $(#[$($vmeta:tt)*])* $Variant:ident = $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        $vis enum $Name {
            $( $(#[$($vmeta)*])* $Variant, )*
        }

        #[cfg(feature = "schema")]
        impl $crate::names::Words for $Name {
            const WORDS: &'static [(&'static str, &'static [&'static str])] =
                &[ $( ($text, &[ $( $crate::names::doc_line!($($vmeta)*) ),* ]), )* ];
        }

        impl $Name {
            /// Every value, in the order of the definition.
            $vis const ALL: &'static [Self] = &[ $( Self::$Variant, )* ];

            /// The name in policies, messages and records.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$Variant => $text, )*
                }
            }

            /// The value with this name.
            #[must_use]
            $vis fn from_name(name: &str) -> Option<Self> {
                match name {
                    $( $text => Some(Self::$Variant), )*
                    _ => None,
                }
            }
        }

        impl ::std::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $Name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

/// The words of an enumeration, each with the lines of its documentation.
#[cfg(feature = "schema")]
pub(crate) trait Words {
    const WORDS: &'static [(&'static str, &'static [&'static str])];
}

/// The text of an attribute that is a line of documentation; nothing for another.
#[cfg(feature = "schema")]
macro_rules! doc_line {
    (doc = $line:literal) => {
        $line
    };
    ($($other:tt)*) => {
        ""
    };
}

#[cfg(feature = "schema")]
pub(crate) use doc_line;
pub(crate) use names;
