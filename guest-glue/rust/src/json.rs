//! JSON as the wire has it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, HandleError};

/// Reads an input. Only text that is not JSON is [`HandleError::NotJson`]; a value of another type
/// fails the function.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, HandleError> {
    // The error's category does not say: to serde_json, a number for an enum is a syntax error.
    serde_json::from_str(text).map_err(|error| match serde_json::from_str::<Value>(text) {
        Ok(_) => HandleError::Failed(Error::new(format!("invalid input: {error}"))),
        Err(error) => HandleError::NotJson(error),
    })
}

/// `value` as JSON. NaN and the infinities are errors, for which serde_json alone would write
/// `null`.
pub(crate) fn to_string<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if text.contains("null") {
        value.serialize(finite::Finite)?;
    }
    Ok(text)
}

/// A serializer that writes nothing, and fails at a float that JSON can't represent.
mod finite {
    use serde::ser::{self, Serialize};
    use serde_json::Error;

    type Done = Result<(), Error>;

    #[derive(Clone, Copy)]
    pub(super) struct Finite;

    fn check(float: f64) -> Done {
        if float.is_finite() {
            Ok(())
        } else {
            Err(ser::Error::custom(format!("{float} is not valid JSON")))
        }
    }

    macro_rules! fine {
        ($($method:ident($($argument:ty),*))*) => { $(fn $method(self, $(_: $argument),*) -> Done { Ok(()) })* };
    }

    impl ser::Serializer for Finite {
        type Ok = ();
        type Error = Error;
        type SerializeSeq = Self;
        type SerializeTuple = Self;
        type SerializeTupleStruct = Self;
        type SerializeTupleVariant = Self;
        type SerializeMap = Self;
        type SerializeStruct = Self;
        type SerializeStructVariant = Self;

        fine! {
            serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
            serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
            serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
            serialize_none() serialize_unit() serialize_unit_struct(&'static str)
            serialize_unit_variant(&'static str, u32, &'static str)
        }

        fn serialize_f32(self, float: f32) -> Done {
            check(float.into())
        }
        fn serialize_f64(self, float: f64) -> Done {
            check(float)
        }
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
            value.serialize(self)
        }
        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Done {
            value.serialize(self)
        }
        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            value: &T,
        ) -> Done {
            value.serialize(self)
        }
        fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
            Ok(self)
        }
        fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
            Ok(self)
        }
        fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
            Ok(self)
        }
        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self, Error> {
            Ok(self)
        }
        fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
            Ok(self)
        }
        fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
            Ok(self)
        }
        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self, Error> {
            Ok(self)
        }
    }

    macro_rules! compound {
        ($($kind:ident.$method:ident($($key:ty)?))*) => { $(
            impl ser::$kind for Finite {
                type Ok = ();
                type Error = Error;
                fn $method<T: Serialize + ?Sized>(&mut self, $(_: $key,)? value: &T) -> Done {
                    value.serialize(*self)
                }
                fn end(self) -> Done {
                    Ok(())
                }
            }
        )* };
    }

    compound! {
        SerializeSeq.serialize_element()
        SerializeTuple.serialize_element()
        SerializeTupleStruct.serialize_field()
        SerializeTupleVariant.serialize_field()
        SerializeStruct.serialize_field(&'static str)
        SerializeStructVariant.serialize_field(&'static str)
    }

    impl ser::SerializeMap for Finite {
        type Ok = ();
        type Error = Error;
        fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Done {
            Ok(())
        }
        fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
            value.serialize(*self)
        }
        fn end(self) -> Done {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    enum Shape {
        Circle(f64),
        Point { at: (f32, f32) },
        Nothing,
    }

    #[test]
    fn a_float_that_json_cannot_represent_is_an_error_wherever_it_is() {
        let json =
            |value: &dyn Fn() -> serde_json::Result<String>| value().map_err(|e| e.to_string());
        let nan = Err("NaN is not valid JSON".to_owned());
        assert_eq!(json(&|| to_string(&f64::NAN)), nan);
        assert_eq!(json(&|| to_string(&[Some(1.0), None, Some(f64::NAN)])), nan);
        assert_eq!(json(&|| to_string(&BTreeMap::from([("a", f64::NAN)]))), nan);
        assert_eq!(json(&|| to_string(&Shape::Circle(f64::NAN))), nan);
        let infinite = Shape::Point {
            at: (0.0, f32::INFINITY),
        };
        assert_eq!(
            json(&|| to_string(&infinite)),
            Err("inf is not valid JSON".to_owned())
        );
        assert_eq!(
            json(&|| to_string(&(Shape::Nothing, None::<f64>))),
            Ok("[\"Nothing\",null]".to_owned())
        );
    }

    #[test]
    fn only_text_that_is_not_json_is_refused_as_such() {
        let not_json = |text| matches!(from_str::<u8>(text), Err(HandleError::NotJson(_)));
        for text in ["", "{", "1 2", "\"a", "[1,", "NaN", "[\"\\ud800\"]"] {
            assert!(not_json(text), "{text}");
        }
        for text in ["-1", "256", "\"a\"", "{}", "null", "1.5"] {
            assert!(!not_json(text), "{text}");
        }
        assert!(matches!(from_str::<u8>("255"), Ok(255)));
        assert!(matches!(
            from_str::<(u8, u8)>("[1,2,3]"),
            Err(HandleError::Failed(_))
        ));
        for text in ["5", "[]", "null", "{}", "{\"Point\":1}"] {
            assert!(
                matches!(from_str::<Shape>(text), Err(HandleError::Failed(_))),
                "{text}"
            );
        }
    }
}
