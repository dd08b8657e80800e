package triton.client;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import triton.client.endpoint.AbstractEndpoint;
import triton.client.endpoint.FixedEndpoint;

/** Asks models over HTTP. A client may be used by many threads at once. */
public class InferenceServerClient implements AutoCloseable {
  static final String HEADER_LENGTH = "Inference-Header-Content-Length";
  private static final int DEFAULT_ATTEMPTS = 3;

  private final AbstractEndpoint endpoint;
  private final HttpConfig config;
  private final Connections connections;
  private volatile int attempts = DEFAULT_ATTEMPTS;

  /** How a client connects. Times are in milliseconds; 0 is no limit. */
  public static class HttpConfig {
    private int ioThreadNum = 10;
    private int readTimeout = 5000;
    private int connectTimeout = 5000;
    private int maxConnectionCount = 1000;
    private int maxConnectionPerRoute = 1000;
    private int requestTimeout = 0;
    private boolean keepAlive = true;

    /** Threads that read and write. */
    public int getIoThreadNum() {
      return ioThreadNum;
    }

    public void setIoThreadNum(int ioThreadNum) {
      this.ioThreadNum = ioThreadNum;
    }

    /** How long an attempt waits for the whole answer. */
    public int getReadTimeout() {
      return readTimeout;
    }

    public void setReadTimeout(int readTimeout) {
      this.readTimeout = readTimeout;
    }

    public int getConnectTimeout() {
      return connectTimeout;
    }

    public void setConnectTimeout(int connectTimeout) {
      this.connectTimeout = connectTimeout;
    }

    /** How many calls are under way at once; others wait. */
    public int getMaxConnectionCount() {
      return maxConnectionCount;
    }

    public void setMaxConnectionCount(int maxConnectionCount) {
      this.maxConnectionCount = maxConnectionCount;
    }

    /** Likewise: a client has one route at a time, so the smaller of both numbers counts. */
    public int getMaxConnectionPerRoute() {
      return maxConnectionPerRoute;
    }

    public void setMaxConnectionPerRoute(int maxConnectionPerRoute) {
      this.maxConnectionPerRoute = maxConnectionPerRoute;
    }

    /** How long a call waits for its turn when as many are under way as may be. */
    public int getRequestTimeout() {
      return requestTimeout;
    }

    public void setRequestTimeout(int requestTimeout) {
      this.requestTimeout = requestTimeout;
    }

    /** Whether connections are used again. */
    public boolean isKeepAlive() {
      return keepAlive;
    }

    public void setKeepAlive(boolean keepAlive) {
      this.keepAlive = keepAlive;
    }
  }

  /** One call: a model, what goes in, what is to come out, and the options. */
  public static class InferArguments {
    private final String modelName;
    final List<InferInput> inputs;
    private final List<InferRequestedOutput> outputs;
    private String modelVersion = "";
    private String requestId = "";
    private final JsonObject parameters = new JsonObject();
    private final Map<String, String> headers = new LinkedHashMap<>();
    private final Map<String, String> queryParams = new LinkedHashMap<>();

    /** @param outputs empty or null: all of them, as binary data. */
    public InferArguments(String modelName, List<InferInput> inputs, List<InferRequestedOutput> outputs) {
      this.modelName = modelName;
      this.inputs = new ArrayList<>(inputs);
      this.outputs = outputs == null ? new ArrayList<>() : new ArrayList<>(outputs);
    }

    /** Empty: the one that the server chooses. */
    public void setModelVersion(String modelVersion) {
      this.modelVersion = modelVersion;
    }

    /** Comes back in the answer. */
    public void setRequestId(String requestId) {
      this.requestId = requestId;
    }

    /** Of the sequence that the request belongs to; 0: of none. */
    public void setSequenceId(int sequenceId) {
      parameters.addProperty("sequence_id", sequenceId);
    }

    public void setSequenceStart(boolean sequenceStart) {
      parameters.addProperty("sequence_start", sequenceStart);
    }

    public void setSequenceEnd(boolean sequenceEnd) {
      parameters.addProperty("sequence_end", sequenceEnd);
    }

    /** 0: the model's default. */
    public void setPriority(long priority) {
      parameters.addProperty("priority", priority);
    }

    /** How long the request may wait on the server, in microseconds. */
    public void setTimeout(int timeout) {
      parameters.addProperty("timeout", timeout);
    }

    /** Of HTTP. */
    public void setHeader(String name, String value) {
      headers.put(name, value);
    }

    public void addQueryParam(String name, String value) {
      queryParams.put(name, value);
    }

    private String path() {
      StringBuilder path = new StringBuilder("/v2/models/").append(quoted(modelName));
      if (!modelVersion.isEmpty()) {
        path.append("/versions/").append(quoted(modelVersion));
      }
      path.append("/infer");
      char before = '?';
      for (Map.Entry<String, String> parameter : queryParams.entrySet()) {
        path.append(before).append(quoted(parameter.getKey())).append('=').append(quoted(parameter.getValue()));
        before = '&';
      }
      return path.toString();
    }

    private boolean isOfSequence() {
      return parameters.has("sequence_id") && parameters.get("sequence_id").getAsInt() != 0;
    }

    JsonObject toJson() {
      JsonObject request = new JsonObject();
      if (!requestId.isEmpty()) {
        request.addProperty("id", requestId);
      }
      JsonObject all = parameters.deepCopy();
      if (outputs.isEmpty()) {
        all.addProperty("binary_data_output", true);
      }
      if (all.size() > 0) {
        request.add("parameters", all);
      }
      JsonArray inputsJson = new JsonArray();
      inputs.forEach(input -> inputsJson.add(input.toJson()));
      request.add("inputs", inputsJson);
      if (!outputs.isEmpty()) {
        JsonArray outputsJson = new JsonArray();
        outputs.forEach(output -> outputsJson.add(output.toJson()));
        request.add("outputs", outputsJson);
      }
      return request;
    }

    private static String quoted(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
  }

  /**
   * @param address {@code host:port}, behind {@code http://} or {@code https://} if need be, before a base path if there is one.
   * @param connectionTimeoutMs how long connecting may take, in milliseconds.
   * @param networkTimeoutMs how long an attempt waits for its answer, in milliseconds.
   */
  public InferenceServerClient(String address, int connectionTimeoutMs, int networkTimeoutMs) {
    this(new FixedEndpoint(address), connectionTimeoutMs, networkTimeoutMs);
  }

  public InferenceServerClient(AbstractEndpoint endpoint, int connectionTimeoutMs, int networkTimeoutMs) {
    this(endpoint, configOf(connectionTimeoutMs, networkTimeoutMs));
  }

  public InferenceServerClient(AbstractEndpoint endpoint, HttpConfig config) {
    this.endpoint = endpoint;
    this.config = config;
    connections = new Connections(config);
  }

  private static HttpConfig configOf(int connectTimeout, int readTimeout) {
    HttpConfig config = new HttpConfig();
    config.setConnectTimeout(connectTimeout);
    config.setReadTimeout(readTimeout);
    return config;
  }

  /** How often a request is tried, each time at the endpoint's next server, before it fails; 3 by default. */
  public void setRetryCnt(int retryCnt) {
    attempts = retryCnt;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @throws InferenceException if the server cannot be reached in as many attempts as {@link #setRetryCnt} says, or
   *     answers with an error, which is not tried again. A request of a sequence is tried again only if it has not been
   *     sent: the model counts it as often as it comes.
   */
  public InferResult infer(String modelName, List<InferInput> inputs, List<InferRequestedOutput> outputs) throws InferenceException {
    return infer(new InferArguments(modelName, inputs, outputs));
  }

  public InferResult infer(InferArguments arguments) throws InferenceException {
    RequestBody body = new RequestBody(arguments);
    InferenceException failure = new InferenceException("expected a retry count of 1 or more, got " + attempts, 0);
    for (int attempt = 0; attempt < attempts; attempt++) {
      String address = null;
      try {
        address = server();
        return connections.send(request(address, arguments, body), body).result();
      } catch (IOException | EndpointFailure unreachable) {
        String where = address == null ? "" : " at " + address;
        String model = "'" + arguments.modelName + "'";
        failure = new InferenceException(model + " could not be asked" + where + ": " + reason(unreachable), unreachable);
        if (arguments.isOfSequence() && !isUnsent(unreachable)) {
          throw failure;
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new InferenceException("interrupted while waiting for '" + arguments.modelName + "'", interrupted);
      }
    }
    throw failure;
  }

  private static boolean isUnsent(Exception unreachable) {
    return unreachable instanceof EndpointFailure || unreachable instanceof ConnectException
        || unreachable instanceof HttpConnectTimeoutException;
  }

  // Of the endpoint's own, of any kind.
  private static final class EndpointFailure extends Exception {
    private static final long serialVersionUID = 1L;

    EndpointFailure(Exception cause) {
      super("no server is known: " + reason(cause), cause);
    }

    EndpointFailure(IllegalArgumentException cause) {
      super("expected the address of a server such as localhost:8000: " + reason(cause), cause);
    }
  }

  private static String reason(Exception exception) {
    if (exception instanceof ConnectException && exception.getMessage() == null) {
      return "nobody there takes connections";
    }
    return exception.getMessage() == null ? exception.getClass().getSimpleName() : exception.getMessage();
  }

  private HttpRequest request(String address, InferArguments arguments, RequestBody body) throws EndpointFailure {
    HttpRequest.Builder request = requestTo(address, arguments.path());
    request.POST(body.publisher());
    request.setHeader("Content-Type", "application/octet-stream");
    request.setHeader(HEADER_LENGTH, Integer.toString(body.headerLength));
    if (config.readTimeout > 0) {
      request.timeout(Duration.ofMillis(config.readTimeout));
    }
    arguments.headers.forEach(request::setHeader);
    return request.build();
  }

  private static HttpRequest.Builder requestTo(String address, String path) throws EndpointFailure {
    try {
      String base = address.replaceFirst("/$", "");
      String withScheme = base.contains("://") ? base : "http://" + base;
      return HttpRequest.newBuilder(URI.create(withScheme + path));
    } catch (IllegalArgumentException wrong) {
      throw new EndpointFailure(wrong);
    }
  }

  private String server() throws EndpointFailure {
    try {
      return Objects.requireNonNull(endpoint.getEndpoint(), "the endpoint gave none");
    } catch (Exception none) {
      throw new EndpointFailure(none);
    }
  }

  /** Calls that are under way fail. */
  @Override
  public void close() {
    connections.close();
  }
}
