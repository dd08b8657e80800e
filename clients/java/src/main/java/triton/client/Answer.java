package triton.client;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;

/** What a server has answered. */
final class Answer {
  private final int status;
  private final byte[] body;
  private final long headerLength; // how much of the body is JSON

  Answer(int status, byte[] body, long headerLength) {
    this.status = status;
    this.body = body;
    this.headerLength = headerLength;
  }

  /** What the model answered. */
  InferResult result() throws InferenceException {
    if (status != 200) {
      throw new InferenceException(errorOf(body, status), status);
    }
    if (headerLength < 0 || headerLength > body.length) {
      throw new InferenceException(
          "expected " + headerLength + " bytes of JSON, got " + body.length + " bytes", 0);
    }
    return new InferResult(body, (int) headerLength);
  }

  private static String errorOf(byte[] body, int status) {
    String text = "the server answered with status " + status;
    try {
      JsonObject json = JsonParser.parseString(new String(body, StandardCharsets.UTF_8)).getAsJsonObject();
      return json.has("error") ? json.get("error").getAsString() : text;
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException none) {
      return text;
    }
  }
}
