//! The parameters of a request: what its query says about the prediction, beside the row.

use std::collections::HashSet;

use auriga_learn::{ColumnKind, Field, Fitted, PredictOptions, PredictParameter, near};

use crate::{
    EntryPoint, MappingError, PredictMethod, ValueKind,
    inputs::{Accepts, Input, Inputs},
    refusal::Refusal,
};

/// The parameters of an entry point, each one that its method takes on the version that answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    params: Vec<Param>,
    defaults: PredictOptions,
}

#[derive(Clone, Debug)]
struct Param {
    /// How its text is read.
    input: Input,
    /// What takes it.
    parameter: PredictParameter,
}

/// What one request gave.
pub(crate) struct Given<'p> {
    params: &'p Params,
    /// Where those that were given stand.
    seen: Vec<usize>,
    pub(crate) options: PredictOptions,
}

impl Params {
    /// The parameters of `entry_point` for the version of `fitted`.
    pub(crate) fn resolve(
        entry_point: &EntryPoint,
        inputs: &Inputs,
        fitted: &Fitted,
    ) -> Result<Params, MappingError> {
        let taken = match entry_point.method {
            PredictMethod::Predict => fitted.predict_parameters(),
            PredictMethod::PredictProba => &[],
        };
        let mut params = Params::default();
        for declared in &entry_point.params {
            let (path, name) = (entry_point.path.clone(), declared.name.clone());
            let Some(parameter) = taken.iter().find(|parameter| parameter.name == name) else {
                return Err(MappingError::UnknownParameter {
                    path,
                    name,
                    method: entry_point.method.word(),
                    known: taken.iter().map(|parameter| parameter.name).collect(),
                });
            };
            if inputs.position(&name, 0).is_some() {
                return Err(MappingError::ParameterInRow { path, name });
            }
            let (fits, needed) = match parameter.kind {
                ColumnKind::Number => (
                    matches!(declared.kind, ValueKind::Float | ValueKind::Int),
                    "float or int",
                ),
                ColumnKind::Text => (declared.kind == ValueKind::Str, "str"),
                ColumnKind::Boolean => (declared.kind == ValueKind::Bool, "bool"),
            };
            if !fits {
                return Err(MappingError::ParameterKind {
                    path,
                    name,
                    given: declared.kind.word(),
                    needed,
                });
            }
            let param = Param {
                input: Input {
                    name: name.clone(),
                    feature: Field {
                        name: name.clone(),
                        kind: parameter.kind,
                    },
                    accepts: Accepts::As(declared.kind),
                },
                parameter: *parameter,
            };
            if let Some(default) = &declared.default {
                param
                    .set(default, &mut params.defaults)
                    .map_err(|what| MappingError::ParameterDefault { path, name, what })?;
            }
            params.params.push(param);
        }
        Ok(params)
    }

    /// A request that has not given any so far.
    pub(crate) fn none_given(&self) -> Given<'_> {
        Given {
            params: self,
            seen: Vec::new(),
            options: self.defaults,
        }
    }

    /// Those that `query` gives, which has no row beside them, and how many other names it has. A `strict` entry point
    /// has no other names.
    pub(crate) fn of_query(&self, query: &str, strict: bool) -> Result<(PredictOptions, u64), Refusal> {
        let mut given = self.none_given();
        if self.params.is_empty() {
            return Ok((given.options, 0));
        }
        let mut ignored = HashSet::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            if given.takes(&name, &text)? {
                continue;
            }
            if strict {
                let near = self.near(&name).map_or_else(
                    || "leave it out".to_owned(),
                    |near| format!("did you mean \"{near}\"?"),
                );
                return Err(Refusal::Parameter {
                    name: name.into_owned(),
                    what: format!("it is not known here; {near}"),
                });
            }
            ignored.insert(name);
        }
        Ok((given.options, ignored.len() as u64))
    }

    /// The parameter most like `name`.
    pub(crate) fn near(&self, name: &str) -> Option<String> {
        near(name, self.params.iter().map(|param| &param.input.name))
    }
}

impl Given<'_> {
    /// Takes the value if there is a parameter of this name; whether there is.
    pub(crate) fn takes(&mut self, name: &str, text: &str) -> Result<bool, Refusal> {
        let params = &self.params.params;
        let Some(at) = params.iter().position(|param| param.input.name == name) else {
            return Ok(false);
        };
        let refused = |what| Refusal::Parameter {
            name: name.to_owned(),
            what,
        };
        if self.seen.contains(&at) {
            return Err(refused("it occurs twice; send it once".to_owned()));
        }
        self.seen.push(at);
        params[at].set(text, &mut self.options).map_err(refused)?;
        Ok(true)
    }
}

impl Param {
    /// Puts the value that `text` spells into `options`, or says what is wrong with it.
    fn set(&self, text: &str, options: &mut PredictOptions) -> Result<(), String> {
        if text.is_empty() {
            return Err("it has no value; send one, or leave it out".to_owned());
        }
        let mut cells = self.input.builder();
        self.input
            .push_spelled(text, &mut cells)
            .map_err(|fault| fault.to_string())?;
        self.parameter
            .set(cells.cell(0), options)
            .map_err(|error| error.to_string())
    }
}
