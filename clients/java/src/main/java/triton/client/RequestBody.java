package triton.client;

import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The body of a request, in the parts that it is sent in: together they may be more than an array has. */
final class RequestBody {
  final List<byte[]> parts = new ArrayList<>();
  final int headerLength;
  long length;

  RequestBody(InferenceServerClient.InferArguments arguments) {
    byte[] header = arguments.toJson().toString().getBytes(StandardCharsets.UTF_8);
    headerLength = header.length;
    add(header);
    arguments.inputs.forEach(input -> add(input.binaryData()));
  }

  private void add(byte[] part) {
    parts.add(part);
    length += part.length;
  }

  HttpRequest.BodyPublisher publisher() {
    return HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofByteArrays(parts), length);
  }
}
