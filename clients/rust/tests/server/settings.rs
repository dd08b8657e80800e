use std::collections::HashMap;

use crate::*;
use triton_client::generated::inference::{log_settings_request, log_settings_response, trace_setting_request};

fn texts(values: &[&str]) -> trace_setting_request::SettingValue {
    trace_setting_request::SettingValue { value: values.iter().map(ToString::to_string).collect() }
}

#[tokio::test]
#[ignore = "needs a server"]
async fn traces_are_set_for_a_model_and_set_back() {
    let client = client().await;
    let before = client.trace_setting(None, HashMap::new()).await.unwrap().settings;
    let rate = before["trace_rate"].value.clone();
    let change = HashMap::from([("trace_rate".to_string(), texts(&["17"]))]);
    let changed = client.trace_setting(Some("simple"), change).await.unwrap().settings;
    assert_eq!(changed["trace_rate"].value, ["17"]);
    assert_eq!(client.trace_setting(None, HashMap::new()).await.unwrap().settings["trace_rate"].value, rate);
    let cleared = HashMap::from([("trace_rate".to_string(), texts(&[]))]);
    assert_eq!(client.trace_setting(Some("simple"), cleared).await.unwrap().settings["trace_rate"].value, rate);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_trace_setting_that_cannot_be_meant_is_refused() {
    let change = HashMap::from([("trace_rate".to_string(), texts(&["1", "2"]))]);
    let (code, message) = status(client().await.trace_setting(None, change).await);
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("trace_rate"), "{message}");
}

// The server of these tests wants a header for settings of the log.
#[tokio::test]
#[ignore = "needs a server"]
async fn settings_of_the_log_are_changed_by_who_has_the_key() {
    use log_settings_request::{setting_value::ParameterChoice, SettingValue};

    let options = ClientOptions::default().header("triton-grpc-protocol-admin", "open");
    let admin = TritonClient::connect_with_options(&url(), options).await.unwrap();
    let level = |level| {
        let value = SettingValue { parameter_choice: Some(ParameterChoice::Uint32Param(level)) };
        HashMap::from([("log_verbose_level".to_string(), value)])
    };
    let settings = admin.log_settings(level(1)).await.unwrap().settings;
    let one = log_settings_response::setting_value::ParameterChoice::Uint32Param(1);
    assert_eq!(settings["log_verbose_level"].parameter_choice, Some(one));
    let settings = admin.log_settings(level(0)).await.unwrap().settings;
    assert!(settings.contains_key("log_info"), "{settings:?}");

    let (code, message) = status(client().await.log_settings(HashMap::new()).await);
    assert_eq!(code, Code::Unavailable);
    assert!(message.contains("'triton-grpc-protocol-admin'"), "{message}");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_header_that_cannot_be_sent_is_refused() {
    for (name, value, expected) in [("two words", "x", "a lower-case name"), ("key", "a\nb", "a value")] {
        let options = ClientOptions::default().header(name, value);
        let error = TritonClient::connect_with_options(&url(), options).await.unwrap_err();
        assert!(
            matches!(&error, Error::InvalidInput(text) if text.contains(expected) && text.contains(name)),
            "{error}"
        );
    }
}
