//! The one list of codes: kind, title and explanation page of each.
//!
//! 01xx project · 02xx answers · 03xx blueprint and schema · 04xx deployment · 05xx connection ·
//! 06xx embedded cloud · 09xx our own faults.

use std::fmt;

use super::Kind;

macro_rules! catalogue {
    ($($code:ident $kind:ident $title:literal;)+) => {
        /// The code of an error; `ampup explain CODE` prints its page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $code,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// What an error of this code is about.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$code => Kind::$kind,)+ }
            }

            /// One line that names the error.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// The explanation: why it happens, how to mend it, an example. Markdown.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$code => include_str!(concat!("pages/", stringify!($code), ".md")),)+ }
            }

            /// The code as text: `AMP0101`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }
        }
    };
}

catalogue! {
    // Project
    AMP0101 Project "no project here";
    AMP0102 Project "the manifest cannot be read";
    AMP0103 Project "a setting is unknown or wrong";
    AMP0104 Project "a file exists already";
    AMP0105 Project "a file or folder cannot be read or written";
    AMP0106 Project "another command is changing this project";
    AMP0107 Project "a rendered stack was edited by hand";
    AMP0108 Project "no such environment";
    AMP0109 Project "no such resource";
    AMP0110 Project "a resource of that name or kind exists already";
    AMP0111 Project "a project exists here already";
    AMP0112 Project "the rendered stacks are out of date";
    AMP0113 Project "an override does not fit";
    AMP0114 Project "an environment of that name exists already";
    AMP0115 Project "another resource needs this one";
    // Answers
    AMP0201 Usage "answers are missing and there is no terminal to ask on";
    AMP0202 Usage "wrong usage";
    AMP0203 Usage "a name or value is not allowed";
    AMP0204 Declined "you said no";
    AMP0205 Usage "confirmation needs a terminal or `--yes`";
    AMP0206 Usage "no such error code";
    // Blueprint and schema
    AMP0301 Project "the schema cannot be parsed";
    AMP0302 Project "the schema is not valid";
    AMP0303 Project "an unknown directive or argument";
    AMP0304 Project "a directive that is not built yet";
    AMP0305 Project "a directive is used wrongly";
    AMP0306 Project "an authorisation rule is wrong";
    AMP0307 Project "a key or index is wrong";
    AMP0308 Project "a relation is wrong";
    AMP0309 Project "a default value is wrong";
    AMP0310 Project "a resource needs another that is not there";
    AMP0311 Project "a template cannot be rendered";
    AMP0312 Project "a template is not CloudFormation";
    AMP0313 Project "a reference in a template leads nowhere";
    AMP0314 Project "a template exceeds a limit of CloudFormation";
    AMP0315 Project "a file that a resource needs is missing";
    AMP0316 Project "two definitions share a name";
    AMP0317 Project "AppSync would refuse this schema";
    AMP0318 Project "a resource would change its stack";
    AMP0319 Project "a resolver or statement of yours does not fit";
    AMP0320 Project "an API exceeds a limit of AppSync";
    AMP0321 Project "the code of a function has a syntax error";
    AMP0322 Project "the code of a function cannot be built";
    AMP0323 Project "the definition of a state machine cannot be parsed";
    AMP0324 Project "a state machine breaks a rule of the States Language";
    AMP0325 Project "the states of a machine do not lead to each other";
    AMP0326 Project "an expression of a state machine is wrong";
    AMP0327 Project "a state machine is too large for a picture";
    AMP0328 Project "a state machine fails with the sample input";
    // Deployment
    AMP0401 Operation "the deployment failed and was rolled back";
    AMP0402 Operation "the change set could not be made";
    AMP0403 Operation "a stack is busy";
    AMP0404 Operation "a stack is in a state that cannot be updated";
    AMP0405 Operation "an artifact could not be uploaded";
    AMP0406 Operation "nothing is deployed";
    AMP0407 Operation "the build command failed";
    AMP0408 Operation "the site could not be published";
    AMP0409 Operation "a stack could not be deleted";
    AMP0410 Operation "the cloud refused a request";
    AMP0411 Operation "the first query failed";
    AMP0412 Project "a secret has no value in the environment";
    // Connection
    AMP0501 Cloud "the target cannot be reached";
    AMP0502 Cloud "there are no credentials";
    AMP0503 Cloud "the credentials were refused";
    AMP0504 Cloud "permission is missing";
    AMP0505 Cloud "a certificate bundle cannot be used";
    AMP0506 Cloud "the target answered with something unexpected";
    // Embedded cloud
    AMP0601 Operation "the port is in use";
    AMP0602 Operation "the state of the embedded cloud cannot be opened";
    AMP0603 Operation "the embedded cloud could not be started";
    AMP0604 Operation "the state folder is in use by another cloud";
    AMP0605 Operation "the embedded cloud lacks a service of this project";
    // Ours
    AMP0901 Internal "a fault in ampup";
    AMP0902 Internal "the output could not be written";
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
