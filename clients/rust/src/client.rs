//! The client.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use prost::Message;
use tokio_stream::Stream;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::error::{Error, Result};
use crate::generated::inference::grpc_inference_service_client::GrpcInferenceServiceClient;
use crate::generated::inference::model_repository_parameter::ParameterChoice;
use crate::generated::inference::*;
use crate::infer::{InferResponse, ModelIndex, ModelMetadata, ServerMetadata, TensorMetadata};

use crate::options::check_size;
pub use crate::options::ClientOptions;
#[cfg(feature = "tls")]
pub use crate::options::TlsOptions;
pub use crate::stream::InferStream;
use crate::stream::Watched;

/// A connection to a server. Clones share it; all methods may be called by many tasks at once.
///
/// Model versions are as on the server's disk; an empty one means the version that the server takes. All errors of
/// calls are of [`Error`]: mostly [`Error::Grpc`] with the server's status and words. A connection that broke is made
/// again by the next call; no call is tried again by itself.
#[derive(Debug, Clone)]
pub struct TritonClient {
    grpc: GrpcInferenceServiceClient<Channel>,
    headers: MetadataMap,
    request_timeout: Option<Duration>,
    max_message_size: usize,
}

impl TritonClient {
    /// Connects to `http://host:port`; without a scheme it is `http`.
    ///
    /// # Errors
    /// [`Error::Transport`] if nobody is there; [`Error::Connection`] if it cannot be meant or takes too long.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with_options(url, ClientOptions::default()).await
    }

    /// Connects as the options say; to `https://host:port` with the feature `tls`.
    ///
    /// # Errors
    /// As of [`connect`](Self::connect), and [`Error::InvalidInput`] of a header that cannot be sent.
    pub async fn connect_with_options(url: &str, options: ClientOptions) -> Result<Self> {
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let headers = headers(&options)?;
        let endpoint = endpoint(&url, &options)?;
        let limit = options.connect_timeout;
        let channel = tokio::time::timeout(limit, endpoint.connect()).await.map_err(|_| {
            Error::Connection(format!("{url}: expected a connection within {limit:?}; is it the address of a server?"))
        })??;
        let grpc = GrpcInferenceServiceClient::new(channel)
            .max_decoding_message_size(options.max_message_size)
            .max_encoding_message_size(options.max_message_size);
        let ClientOptions { request_timeout, max_message_size, .. } = options;
        Ok(Self { grpc, headers, request_timeout, max_message_size })
    }

    /// Whether the server runs.
    pub async fn is_server_live(&self) -> Result<bool> {
        let request = self.request(ServerLiveRequest {})?;
        Ok(self.answer(self.grpc.clone().server_live(request)).await?.live)
    }

    /// Whether the server takes requests: its models are loaded, and it is not about to stop.
    pub async fn is_server_ready(&self) -> Result<bool> {
        let request = self.request(ServerReadyRequest {})?;
        Ok(self.answer(self.grpc.clone().server_ready(request)).await?.ready)
    }

    /// Whether that model takes requests; false also if there is none.
    pub async fn is_model_ready(&self, model_name: &str, model_version: &str) -> Result<bool> {
        let request = self.request(ModelReadyRequest { name: model_name.into(), version: model_version.into() })?;
        Ok(self.answer(self.grpc.clone().model_ready(request)).await?.ready)
    }

    /// The server's name, version and extensions.
    pub async fn server_metadata(&self) -> Result<ServerMetadata> {
        let request = self.request(ServerMetadataRequest {})?;
        let ServerMetadataResponse { name, version, extensions } =
            self.answer(self.grpc.clone().server_metadata(request)).await?;
        Ok(ServerMetadata { name, version, extensions })
    }

    /// A model's versions, inputs and outputs.
    pub async fn model_metadata(&self, model_name: &str, model_version: &str) -> Result<ModelMetadata> {
        let request = self.request(ModelMetadataRequest { name: model_name.into(), version: model_version.into() })?;
        let ModelMetadataResponse { name, versions, platform, inputs, outputs } =
            self.answer(self.grpc.clone().model_metadata(request)).await?;
        Ok(ModelMetadata { name, versions, platform, inputs: tensors(inputs), outputs: tensors(outputs) })
    }

    /// A model's configuration, completed by the server.
    pub async fn model_config(&self, model_name: &str, model_version: &str) -> Result<ModelConfig> {
        let request = self.request(ModelConfigRequest { name: model_name.into(), version: model_version.into() })?;
        let response = self.answer(self.grpc.clone().model_config(request)).await?;
        response.config.ok_or_else(|| Error::UnexpectedResponse(format!("model '{model_name}' has no configuration")))
    }

    /// Asks a model. The request is made by [`InferRequestBuilder`](crate::infer::InferRequestBuilder).
    pub async fn infer(&self, request: ModelInferRequest) -> Result<InferResponse> {
        let request = self.request(request)?;
        self.answer(self.grpc.clone().model_infer(request)).await.map(InferResponse::new)
    }

    /// Asks models by a stream: requests go out as `requests` gives them, answers come as they are ready: in the
    /// requests' order, but for those of decoupled models, which give any number for each.
    ///
    /// [`request_timeout`](ClientOptions::request_timeout) does not hold here.
    ///
    /// It returns when the server asks for the requests; they go out from then on, by a task of their own. One that is
    /// larger than [`max_message_size`](ClientOptions::max_message_size) is their end: the answers to those before it
    /// come, then [`Error::InvalidInput`].
    pub async fn infer_stream<S>(&self, requests: S) -> Result<InferStream>
    where
        S: Stream<Item = ModelInferRequest> + Send + 'static,
    {
        let (requests, watch) = Watched::new(requests, self.max_message_size);
        let mut request = Request::new(requests);
        *request.metadata_mut() = self.headers.clone();
        let mut grpc = self.grpc.clone();
        InferStream::start(async move { grpc.model_stream_infer(request).await }, watch).await
    }

    /// What was counted of a model's requests; of all models and versions if they are empty.
    pub async fn model_statistics(&self, model_name: &str, model_version: &str) -> Result<ModelStatisticsResponse> {
        let request =
            self.request(ModelStatisticsRequest { name: model_name.into(), version: model_version.into() })?;
        self.answer(self.grpc.clone().model_statistics(request)).await
    }

    /// All models of the repository, loaded or not.
    pub async fn repository_index(&self) -> Result<Vec<ModelIndex>> {
        let request = self.request(RepositoryIndexRequest::default())?;
        let response = self.answer(self.grpc.clone().repository_index(request)).await?;
        let model = |model| {
            let repository_index_response::ModelIndex { name, version, state, reason } = model;
            ModelIndex { name, version, state, reason }
        };
        Ok(response.models.into_iter().map(model).collect())
    }

    /// Loads a model of the repository, or loads it again; it is ready when this returns.
    pub async fn load_model(&self, model_name: &str) -> Result<()> {
        self.load(model_name, HashMap::new()).await
    }

    /// Loads a model with `config`, in JSON, instead of the configuration that the repository has. If there are
    /// `files`, by their paths in the model's folder (`1/model.onnx`), the model is made of them alone.
    pub async fn load_model_with<P, F>(&self, model_name: &str, config: &str, files: F) -> Result<()>
    where
        P: AsRef<str>,
        F: IntoIterator<Item = (P, Vec<u8>)>,
    {
        let parameter = |value| ModelRepositoryParameter { parameter_choice: Some(value) };
        let file = |(path, content): (P, _)| {
            (format!("file:{}", path.as_ref()), parameter(ParameterChoice::BytesParam(content)))
        };
        let mut parameters: HashMap<_, _> = files.into_iter().map(file).collect();
        parameters.insert("config".into(), parameter(ParameterChoice::StringParam(config.into())));
        self.load(model_name, parameters).await
    }

    async fn load(&self, model_name: &str, parameters: HashMap<String, ModelRepositoryParameter>) -> Result<()> {
        let model_name = model_name.into();
        let request = self.request(RepositoryModelLoadRequest { model_name, parameters, ..Default::default() })?;
        self.answer(self.grpc.clone().repository_model_load(request)).await.map(drop)
    }

    /// Unloads a model. It goes when its last request is answered, which may be after this returns.
    pub async fn unload_model(&self, model_name: &str) -> Result<()> {
        let request =
            self.request(RepositoryModelUnloadRequest { model_name: model_name.into(), ..Default::default() })?;
        self.answer(self.grpc.clone().repository_model_unload(request)).await.map(drop)
    }

    /// The regions of shared memory that are registered; the one of that name if it is not empty.
    pub async fn system_shared_memory_status(&self, name: &str) -> Result<SystemSharedMemoryStatusResponse> {
        let request = self.request(SystemSharedMemoryStatusRequest { name: name.into() })?;
        self.answer(self.grpc.clone().system_shared_memory_status(request)).await
    }

    /// Lets the server read and write `byte_size` bytes from `offset` on of the shared memory `key`, as `shm_open`
    /// names it: on Linux the file `/dev/shm/<key>`, on the server's machine. Requests call it `name`.
    pub async fn system_shared_memory_register(
        &self,
        name: &str,
        key: &str,
        offset: u64,
        byte_size: u64,
    ) -> Result<()> {
        let request = SystemSharedMemoryRegisterRequest { name: name.into(), key: key.into(), offset, byte_size };
        let request = self.request(request)?;
        self.answer(self.grpc.clone().system_shared_memory_register(request)).await.map(drop)
    }

    /// Ends that; for all regions if the name is empty.
    pub async fn system_shared_memory_unregister(&self, name: &str) -> Result<()> {
        let request = self.request(SystemSharedMemoryUnregisterRequest { name: name.into() })?;
        self.answer(self.grpc.clone().system_shared_memory_unregister(request)).await.map(drop)
    }

    /// The regions of a GPU's memory that are registered; the one of that name if it is not empty.
    pub async fn cuda_shared_memory_status(&self, name: &str) -> Result<CudaSharedMemoryStatusResponse> {
        let request = self.request(CudaSharedMemoryStatusRequest { name: name.into() })?;
        self.answer(self.grpc.clone().cuda_shared_memory_status(request)).await
    }

    /// Lets the server read and write memory of a GPU: the 64 bytes of its `cudaIpcMemHandle_t`.
    pub async fn cuda_shared_memory_register(
        &self,
        name: &str,
        raw_handle: &[u8],
        device_id: i64,
        byte_size: u64,
    ) -> Result<()> {
        let raw_handle = raw_handle.to_vec();
        let request = CudaSharedMemoryRegisterRequest { name: name.into(), raw_handle, device_id, byte_size };
        let request = self.request(request)?;
        self.answer(self.grpc.clone().cuda_shared_memory_register(request)).await.map(drop)
    }

    /// Ends that; for all regions if the name is empty.
    pub async fn cuda_shared_memory_unregister(&self, name: &str) -> Result<()> {
        let request = self.request(CudaSharedMemoryUnregisterRequest { name: name.into() })?;
        self.answer(self.grpc.clone().cuda_shared_memory_unregister(request)).await.map(drop)
    }

    /// Changes the settings of traces, of one model or of all, and gives all of them as they are then. No settings
    /// change nothing; one without values goes back to what it was before it was changed.
    pub async fn trace_setting(
        &self,
        model_name: Option<&str>,
        settings: HashMap<String, trace_setting_request::SettingValue>,
    ) -> Result<TraceSettingResponse> {
        let model_name = model_name.unwrap_or_default().into();
        let request = self.request(TraceSettingRequest { settings, model_name })?;
        self.answer(self.grpc.clone().trace_setting(request)).await
    }

    /// Changes the settings of the log, and gives all of them as they are then. No settings change nothing.
    pub async fn log_settings(
        &self,
        settings: HashMap<String, log_settings_request::SettingValue>,
    ) -> Result<LogSettingsResponse> {
        let request = self.request(LogSettingsRequest { settings })?;
        self.answer(self.grpc.clone().log_settings(request)).await
    }

    fn request<M: Message>(&self, message: M) -> Result<Request<M>> {
        check_size(&message, self.max_message_size)?;
        let mut request = Request::new(message);
        *request.metadata_mut() = self.headers.clone();
        if let Some(limit) = self.request_timeout {
            request.set_timeout(limit);
        }
        Ok(request)
    }

    /// The answer, within the time: what the server was told bounds the wait for its first byte only.
    async fn answer<R>(&self, call: impl Future<Output = std::result::Result<Response<R>, Status>>) -> Result<R> {
        let Some(limit) = self.request_timeout else {
            return Ok(call.await?.into_inner());
        };
        let result = tokio::time::timeout(limit, call).await.map_or_else(
            |_| Err(Error::Grpc { code: Code::DeadlineExceeded, message: String::new() }),
            |result| result.map_err(Error::from),
        );
        // Client, library and server each may be the first to see that it is over; the caller reads one text.
        result.map(Response::into_inner).map_err(|error| match error {
            Error::Grpc { code: code @ Code::DeadlineExceeded, .. } => Error::Grpc {
                code,
                message: format!("expected an answer within {limit:?}, the client's request timeout"),
            },
            error => error,
        })
    }
}

fn tensors(tensors: Vec<model_metadata_response::TensorMetadata>) -> Vec<TensorMetadata> {
    let tensor = |tensor| {
        let model_metadata_response::TensorMetadata { name, datatype, shape } = tensor;
        TensorMetadata { name, datatype, shape }
    };
    tensors.into_iter().map(tensor).collect()
}

fn headers(options: &ClientOptions) -> Result<MetadataMap> {
    let mut headers = MetadataMap::new();
    for (name, value) in &options.headers.0 {
        let cannot = |what| Error::InvalidInput(format!("header '{name}': expected {what} of ASCII that HTTP allows"));
        let key: AsciiMetadataKey = name.parse().map_err(|_| cannot("a lower-case name"))?;
        let mut value: AsciiMetadataValue = value.parse().map_err(|_| cannot("a value"))?;
        value.set_sensitive(true); // kept out of logs and of HTTP/2's tables
        headers.append(key, value);
    }
    Ok(headers)
}

fn endpoint(url: &str, options: &ClientOptions) -> Result<Endpoint> {
    let meaning = |error| Error::Connection(format!("{url}: expected http://host:port: {error}"));
    let mut endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| meaning(Error::from(error)))?;
    if let Some(interval) = options.keep_alive_interval {
        endpoint = endpoint.http2_keep_alive_interval(interval).keep_alive_while_idle(true);
    }
    if let Some(limit) = options.keep_alive_timeout {
        endpoint = endpoint.keep_alive_timeout(limit);
    }
    match endpoint.uri().scheme_str() {
        Some("http") => Ok(endpoint),
        #[cfg(feature = "tls")]
        Some("https") => Ok(endpoint.tls_config(tls(&options.tls))?),
        #[cfg(not(feature = "tls"))]
        Some("https") => Err(Error::Connection(format!("{url}: expected http://, built without the feature 'tls'"))),
        _ => Err(Error::Connection(format!("{url}: expected http://host:port or https://host:port"))),
    }
}

#[cfg(feature = "tls")]
fn tls(options: &crate::options::TlsOptions) -> tonic::transport::ClientTlsConfig {
    use tonic::transport::{Certificate, ClientTlsConfig, Identity};
    let mut config = match &options.roots {
        Some(roots) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(roots)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((certificate, key)) = &options.identity {
        config = config.identity(Identity::from_pem(certificate, key));
    }
    if let Some(name) = &options.domain {
        config = config.domain_name(name);
    }
    config
}
