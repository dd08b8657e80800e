package triton.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The connections of a client. Many threads may use them at once. */
final class Connections implements AutoCloseable {
  private final InferenceServerClient.HttpConfig config;
  private final ExecutorService threads;
  private final Semaphore calls;
  private final HttpClient http;
  private final Set<Runnable> underWay = ConcurrentHashMap.newKeySet(); // what ends each call
  private volatile boolean closed;

  Connections(InferenceServerClient.HttpConfig config) {
    this.config = config;
    threads = Executors.newFixedThreadPool(Math.max(config.getIoThreadNum(), 1), Connections::daemon);
    int atOnce = Math.min(config.getMaxConnectionCount(), config.getMaxConnectionPerRoute());
    calls = new Semaphore(atOnce > 0 ? atOnce : Integer.MAX_VALUE);
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads);
    if (config.getConnectTimeout() > 0) {
      builder.connectTimeout(Duration.ofMillis(config.getConnectTimeout()));
    }
    http = builder.build();
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "inference-client");
    thread.setDaemon(true);
    return thread;
  }

  /** Waits for the answer, and before that for others to have theirs where too many are under way. */
  Answer send(HttpRequest request, RequestBody body) throws IOException, InterruptedException {
    if (closed) {
      throw new IOException("the client is closed");
    }
    if (config.getRequestTimeout() <= 0) {
      calls.acquire();
    } else if (!calls.tryAcquire(config.getRequestTimeout(), TimeUnit.MILLISECONDS)) {
      throw new IOException("as many calls are under way as may be, for more than " + config.getRequestTimeout() + " ms");
    }
    try {
      return config.isKeepAlive() ? ask(request) : askOnce(request, body);
    } finally {
      calls.release();
    }
  }

  private Answer ask(HttpRequest request) throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer = http.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray());
    Runnable end = () -> answer.cancel(true);
    underWay.add(end);
    try {
      if (closed) {
        end.run();
      }
      HttpResponse<byte[]> came = answer.get();
      long headerLength = came.headers().firstValueAsLong(InferenceServerClient.HEADER_LENGTH).orElse(came.body().length);
      return new Answer(came.statusCode(), came.body(), headerLength);
    } catch (CancellationException cancelled) {
      throw new IOException("the client is closed", cancelled);
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof IOException ? (IOException) failed.getCause() : new IOException(failed.getCause());
    } catch (InterruptedException interrupted) {
      end.run();
      throw interrupted;
    } finally {
      underWay.remove(end);
    }
  }

  // Over a connection that is closed behind the answer. HttpClient always keeps its own, and one of them for each call
  // would leave a thread behind until the garbage collector comes.
  private Answer askOnce(HttpRequest request, RequestBody body) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) request.uri().toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setInstanceFollowRedirects(false);
    connection.setFixedLengthStreamingMode(body.length);
    connection.setConnectTimeout(Math.max(config.getConnectTimeout(), 0));
    connection.setReadTimeout(Math.max(config.getReadTimeout(), 0));
    request.headers().map().forEach((name, values) -> connection.setRequestProperty(name, values.get(0)));
    connection.setRequestProperty("Connection", "close");
    Runnable end = connection::disconnect;
    underWay.add(end);
    try (OutputStream out = connection.getOutputStream()) {
      for (byte[] part : body.parts) {
        out.write(part);
      }
      int status = connection.getResponseCode();
      try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
        byte[] came = in == null ? new byte[0] : in.readAllBytes();
        return new Answer(status, came, connection.getHeaderFieldLong(InferenceServerClient.HEADER_LENGTH, came.length));
      }
    } catch (IOException | RuntimeException failed) {
      if (closed) { // a connection that is taken away meanwhile fails in many ways
        throw new IOException("the client is closed", failed);
      }
      throw failed;
    } finally {
      underWay.remove(end);
      connection.disconnect();
    }
  }

  /** Calls that are under way fail. */
  @Override
  public void close() {
    closed = true;
    underWay.forEach(Runnable::run);
    threads.shutdown();
  }
}
