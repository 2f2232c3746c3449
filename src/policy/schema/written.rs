//! From the types of the document to schemas: how each type of a member is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Number, Value, json};

use crate::fingerprint::Fingerprint;
use crate::limit::{Window, WindowName};
use crate::names::Words;
use crate::policy::document::{Condition, Scopes};
use crate::policy::schema::{members, merge, objects, patterns};
use crate::risk::Category;

/// A type of a member. What may be left out is written like what it holds: there is no null in a document.
pub(in crate::policy) trait Written {
    fn schema(generator: &mut SchemaGenerator) -> Value;
}

/// What is known of a member before its type is.
pub(in crate::policy) struct MemberOf {
    pub(in crate::policy) name: &'static str,
    pub(in crate::policy) required: bool,
    pub(in crate::policy) docs: &'static [&'static str],
    pub(in crate::policy) schema: Value,
}

/// Lets a part of a document that is an object have a schema, from its members and what they are documented as.
macro_rules! described {
    ($Name:ident [$($doc:expr),*] $( $need:ident $member:expr, $Type:ty, [$($mdoc:expr),*]; )*) => {
        impl ::schemars::JsonSchema for $Name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let members = [$(
                    $crate::policy::schema::MemberOf {
                        name: $member,
                        required: stringify!($need) == "required",
                        docs: &[$($mdoc),*],
                        schema: <$Type as $crate::policy::schema::Written>::schema(generator),
                    },
                )*];
                $crate::policy::schema::object(stringify!($Name), &[$($doc),*], members)
            }
        }

        impl $crate::policy::schema::Written for $Name {
            fn schema(generator: &mut ::schemars::SchemaGenerator) -> ::serde_json::Value {
                generator.subschema_for::<Self>().to_value()
            }
        }
    };
}

/// Lets an enumeration have a schema. It is written out wherever it occurs, so that the member's own description is
/// shown.
macro_rules! chosen {
    ($Name:ident) => {
        impl ::schemars::JsonSchema for $Name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let schema = <Self as $crate::policy::schema::Written>::schema(generator);
                schema.try_into().unwrap_or_default()
            }
        }

        impl $crate::policy::schema::Written for $Name {
            fn schema(_: &mut ::schemars::SchemaGenerator) -> ::serde_json::Value {
                $crate::policy::schema::words::<Self>()
            }
        }
    };
}

pub(in crate::policy) use {chosen, described};

/// The schema of an object with these members.
pub(in crate::policy) fn object<const N: usize>(
    owner: &str,
    docs: &[&str],
    members: [MemberOf; N],
) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        if member.required {
            required.push(member.name);
        }
        properties.insert(member.name.to_owned(), member_schema(owner, &member));
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        merge(&mut schema, json!({"required": required}));
    }
    merge(&mut schema, description(docs));
    merge(&mut schema, objects::constraints(owner));
    schema.try_into().unwrap_or_default()
}

fn member_schema(owner: &str, member: &MemberOf) -> Value {
    let mut schema = match &member.schema {
        // An editor lets what is referred to win over what stands beside the reference.
        reference if reference.get("$ref").is_some() => json!({"allOf": [reference]}),
        schema => schema.clone(),
    };
    merge(&mut schema, members::constraints(owner, member.name));
    merge(&mut schema, description(member.docs));
    schema
}

/// The documentation as both members that editors read.
fn description(docs: &[&str]) -> Value {
    let lines: Vec<&str> = docs.iter().map(|line| line.trim()).collect();
    let markdown =
        lines.join("\n").trim().replace("\n\n", "\u{0}").replace('\n', " ").replace('\u{0}', "\n\n");
    json!({"description": markdown.replace('`', ""), "markdownDescription": markdown})
}

/// A closed list of words, each with what it means.
pub(in crate::policy) fn words<T: Words>() -> Value {
    let names: Vec<&str> = T::WORDS.iter().map(|(name, _)| *name).collect();
    let mut schema = json!({"type": "string", "enum": names});
    let described = |(_, docs): &(&str, &[&str])| description(docs);
    let docs: Vec<Value> = T::WORDS.iter().map(described).collect();
    let all = |key| docs.iter().map(|doc| doc.get(key).cloned()).collect::<Option<Vec<_>>>();
    if docs.iter().any(|doc| doc.get("description").is_some_and(|text| text != "")) {
        merge(
            &mut schema,
            json!({"enumDescriptions": all("description"), "markdownEnumDescriptions": all("markdownDescription")}),
        );
    }
    schema
}

impl<T: Written> Written for Option<T> {
    fn schema(generator: &mut SchemaGenerator) -> Value {
        T::schema(generator)
    }
}

impl<T: Written> Written for Vec<T> {
    fn schema(generator: &mut SchemaGenerator) -> Value {
        json!({"type": "array", "items": T::schema(generator)})
    }
}

impl<T: Written> Written for BTreeMap<String, T> {
    fn schema(generator: &mut SchemaGenerator) -> Value {
        json!({"type": "object", "additionalProperties": T::schema(generator)})
    }
}

impl<T: Written> Written for BTreeMap<Category, T> {
    fn schema(generator: &mut SchemaGenerator) -> Value {
        let inner = T::schema(generator);
        let property = |(name, docs): &(&str, &[&str])| {
            let mut schema = json!({"allOf": [inner]});
            merge(&mut schema, description(docs));
            ((*name).to_owned(), schema)
        };
        let properties: Map<String, Value> = Category::WORDS.iter().map(property).collect();
        json!({"type": "object", "properties": properties, "additionalProperties": false})
    }
}

impl Written for String {
    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({"type": "string"})
    }
}

impl Written for Fingerprint {
    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({"type": "string", "pattern": patterns::FINGERPRINT})
    }
}

impl Written for bool {
    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({"type": "boolean"})
    }
}

impl Written for Number {
    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({"type": "number"})
    }
}

impl Written for Value {
    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({})
    }
}

impl Written for Scopes {
    fn schema(_: &mut SchemaGenerator) -> Value {
        let mut list = patterns::scope();
        list = json!({"type": "array", "items": list, "minItems": 1, "maxItems": 16, "uniqueItems": true});
        json!({"anyOf": [patterns::scope(), list]})
    }
}

impl Written for Window {
    fn schema(_: &mut SchemaGenerator) -> Value {
        let seconds = json!({"type": "integer", "minimum": 1, "maximum": Self::MAX_SECONDS});
        json!({"anyOf": [words::<WindowName>(), seconds]})
    }
}

impl Written for Condition {
    fn schema(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<Self>().to_value()
    }
}

impl JsonSchema for Condition {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        objects::condition(generator).try_into().unwrap_or_default()
    }
}

impl Written for Box<Condition> {
    fn schema(generator: &mut SchemaGenerator) -> Value {
        Condition::schema(generator)
    }
}
