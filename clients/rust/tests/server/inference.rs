use std::time::Duration;

use crate::*;
use triton_client::generated::inference::infer_parameter::ParameterChoice;

/// Sends the tensor through the identity model of its datatype.
async fn echoed(input: InferInput) -> InferResponse {
    let model = format!("of_{}", input.datatype().as_str().to_lowercase());
    let (datatype, shape) = (input.datatype(), input.shape().to_vec());
    let response =
        client().await.infer(InferRequestBuilder::new(model).input(input).try_build().unwrap()).await.unwrap();
    let output = response.output("OUTPUT0").unwrap();
    assert_eq!((output.datatype.as_str(), &output.shape), (datatype.as_str(), &shape));
    response
}

fn input(datatype: DataType, elements: i64) -> InferInput {
    InferInput::new("INPUT0", vec![elements], datatype)
}

macro_rules! echoes {
    ($test:ident: $with:ident, $as:ident, $([$($datatype:ident)*] $values:expr;)*) => {
        #[tokio::test]
        #[ignore = "needs a server"]
        async fn $test() {
            $($({
                let values = $values;
                let response = echoed(input(DataType::$datatype, values.len() as i64).$with(&values)).await;
                assert_eq!(response.$as(0).unwrap(), values);
                assert_eq!(response.$as("OUTPUT0").unwrap(), values);
            })*)*
        }
    };
}

echoes! { bools_come_back: with_data_bool, output_as_bool, [Bool] [true, false, true]; }
echoes! { u8s_come_back: with_data_u8, output_as_u8, [Uint8] [0, 1, 255]; }
echoes! { i8s_come_back: with_data_i8, output_as_i8, [Int8] [-128, 0, 127]; }
echoes! { u16s_and_halves_come_back: with_data_u16, output_as_u16, [Uint16 Fp16 Bf16] [0, 0x3c00, 0x4000]; }
echoes! { i16s_come_back: with_data_i16, output_as_i16, [Int16] [i16::MIN, -1, i16::MAX]; }
echoes! { u32s_come_back: with_data_u32, output_as_u32, [Uint32] [0, 1, u32::MAX]; }
echoes! { i32s_come_back: with_data_i32, output_as_i32, [Int32] [i32::MIN, -1, i32::MAX]; }
echoes! { u64s_come_back: with_data_u64, output_as_u64, [Uint64] [0, 1, u64::MAX]; }
echoes! { i64s_come_back: with_data_i64, output_as_i64, [Int64] [i64::MIN, -1, i64::MAX]; }
echoes! { f32s_come_back: with_data_f32, output_as_f32, [Fp32] [f32::MIN, 0.5, f32::INFINITY]; }
echoes! { f64s_come_back: with_data_f64, output_as_f64, [Fp64] [f64::MIN, 0.5, f64::EPSILON]; }
echoes! { texts_come_back: with_data_str, output_as_str, [Bytes] ["", "Näso", "a\nb"]; }

#[tokio::test]
#[ignore = "needs a server"]
async fn strings_of_any_bytes_come_back() {
    let strings: [&[u8]; 3] = [b"", &[0, 255, 10], b"text"];
    let response = echoed(input(DataType::Bytes, 3).with_data_bytes(&strings)).await;
    assert_eq!(response.output_as_bytes("OUTPUT0").unwrap(), strings);
    assert_eq!(response.output_as_raw(0).unwrap()[..11], [0, 0, 0, 0, 3, 0, 0, 0, 0, 255, 10]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn nothing_and_much_come_back() {
    let response = echoed(input(DataType::Fp32, 0).with_data_f32(&[])).await;
    assert_eq!(response.output_as_f32(0).unwrap(), []);
    let many: Vec<f32> = (0..8 << 20).map(|i| i as f32).collect(); // 32 MiB
    let response = echoed(
        input(DataType::Fp32, many.len() as i64).with_data_raw(many.iter().flat_map(|x| x.to_le_bytes()).collect()),
    )
    .await;
    assert!(response.output_as_f32(0).unwrap() == many);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn an_answer_says_whose_it_is() {
    let request = simple().model_version("1").request_id("forty-two").output("OUTPUT1").try_build().unwrap();
    let response = client().await.infer(request).await.unwrap();
    assert_eq!((response.model_name(), response.model_version(), response.id()), ("simple", "1", "forty-two"));
    assert_eq!(response.outputs().len(), 1); // only the one that was asked for
    assert_eq!(response.output_as_i32("OUTPUT1").unwrap(), [2; 16]);
    assert!(response.output_as_i32("OUTPUT0").is_err());
    assert!(response.is_final());
    assert_eq!(response.into_inner().raw_output_contents.len(), 1);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn without_requested_outputs_all_come() {
    let response = client().await.infer(simple().build()).await.unwrap();
    assert_eq!(response.output_as_i32("OUTPUT0").unwrap(), [8; 16]);
    assert_eq!(response.output_as_i32("OUTPUT1").unwrap(), [2; 16]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn the_highest_classes_have_labels() {
    let best = InferRequestedOutput::new("OUTPUT0").with_classification(2);
    let request = floats("labelled", &[0.5, 2.0, 1.0]).output_with(best).try_build().unwrap();
    let response = client().await.infer(request).await.unwrap();
    let classes = response.output_as_str("OUTPUT0").unwrap();
    let parts: Vec<Vec<&str>> = classes.iter().map(|class| class.split(':').collect()).collect();
    assert_eq!(
        (parts.len(), &parts[0][1..], &parts[1][1..]),
        (2, &["1", "two"][..], &["2", "three"][..]),
        "{classes:?}"
    );
    assert_eq!(parts[0][0].parse(), Ok(2.0));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn parameters_reach_the_model() {
    let request = floats("parameters", &[1.0])
        .string_parameter("text", "value")
        .int_parameter("number", -7)
        .bool_parameter("flag", true)
        .double_parameter("fraction", 0.5)
        .try_build()
        .unwrap();
    let response = client().await.infer(request).await.unwrap();
    let value = |key: &str| response.parameters()[key].parameter_choice.clone().unwrap();
    assert_eq!(value("text"), ParameterChoice::StringParam("value".into()));
    assert_eq!(value("number"), ParameterChoice::Int64Param(-7));
    assert_eq!(value("flag"), ParameterChoice::BoolParam(true));
    assert_eq!(value("fraction"), ParameterChoice::DoubleParam(0.5));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_sequence_keeps_its_state() {
    let client = client().await;
    for (id, offset) in [("a text".into(), 0), (triton_client::infer::SequenceId::from(77), 100)] {
        let mut sum = 0;
        for i in 1..=3 {
            let value = InferInput::new("INPUT", vec![1, 1], DataType::Int32).with_data_i32(&[i + offset]);
            let request = InferRequestBuilder::new("simple_sequence")
                .sequence_id(id.clone())
                .sequence_start(i == 1)
                .sequence_end(i == 3)
                .input(value);
            sum += i + offset;
            let response = client.infer(request.try_build().unwrap()).await.unwrap();
            assert_eq!(response.output_as_i32("OUTPUT").unwrap(), [sum]);
        }
    }
}

#[tokio::test]
#[ignore = "needs a server"]
async fn one_sequence_is_started_first() {
    let value = InferInput::new("INPUT", vec![1, 1], DataType::Int32).with_data_i32(&[1]);
    let request = InferRequestBuilder::new("simple_sequence").sequence_id(4711).input(value).try_build().unwrap();
    let (code, message) = refused(&client().await, request).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("4711"), "{message}");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_request_waits_in_the_queue_no_longer_than_it_says() {
    let request = |value| {
        let input = InferInput::new("INPUT0", vec![1, 1], DataType::Fp32).with_data_f32(&[value]);
        InferRequestBuilder::new("queued").input(input)
    };
    let client = client().await;
    let running = {
        let client = client.clone();
        tokio::spawn(async move { client.infer(request(1.0).build()).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let hurried = request(2.0).priority(1).timeout(Duration::from_millis(1)).try_build().unwrap();
    let (code, message) = refused(&client, hurried).await;
    assert_eq!((code, message.as_str()), (Code::Unavailable, "Request timeout expired"));
    assert_eq!(running.await.unwrap().unwrap().output_as_f32(0).unwrap(), [1.0]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn what_cannot_be_answered_is_refused_in_the_server_s_words() {
    let client = client().await;
    let (code, message) = refused(&client, floats("missing", &[1.0]).build()).await;
    assert_eq!((code, message.as_str()), (Code::NotFound, "Request for unknown model: 'missing' is not found"));

    let narrow = InferInput::new("INPUT0", vec![1, 15], DataType::Int32).with_data_i32(&[0; 15]);
    let request = InferRequestBuilder::new("simple").input(narrow).input(sixteen("INPUT1", 3)).try_build().unwrap();
    let (code, message) = refused(&client, request).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("INPUT0") && message.contains("[1,15]"), "{message}");

    let (code, message) =
        refused(&client, InferRequestBuilder::new("simple").input(sixteen("INPUT0", 5)).build()).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("expected 2 inputs but got 1"), "{message}");

    let (code, message) = refused(&client, simple().output("OUTPUT7").build()).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("OUTPUT7"), "{message}");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn elements_that_do_not_fit_are_refused_by_the_client_or_by_the_server() {
    let few = InferInput::new("INPUT0", vec![4], DataType::Fp32).with_data_f32(&[1.0]);
    let builder = InferRequestBuilder::new("of_fp32").input(few);
    assert!(matches!(builder.clone().try_build(), Err(Error::InvalidInput(_))));
    let (code, message) = refused(&client().await, builder.build()).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("INPUT0"), "{message}");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn many_tasks_share_a_client() {
    let client = client().await;
    let tasks: Vec<_> = (0..32)
        .map(|i| {
            let client = client.clone();
            tokio::spawn(async move {
                let response = client.infer(floats("of_fp32", &[i as f32]).build()).await.unwrap();
                assert_eq!(response.output_as_f32(0).unwrap(), [i as f32]);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
