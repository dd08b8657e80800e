package triton.client;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import triton.client.pojo.DataType;
import triton.client.pojo.IOTensor;

/** What a model answered. */
public class InferResult {
  private static final Gson GSON = new Gson();

  private final JsonObject header;
  private final Map<String, IOTensor> outputs = new LinkedHashMap<>();
  private final Map<String, Object> data = new LinkedHashMap<>(); // by name; arrays

  /**
   * @param body of the HTTP answer.
   * @param headerLength how much of it is JSON; the rest are the binary tensors, in the outputs' order.
   * @throws InferenceException if it is not what such an answer is.
   */
  InferResult(byte[] body, int headerLength) throws InferenceException {
    try {
      header = JsonParser.parseString(new String(body, 0, headerLength, StandardCharsets.UTF_8)).getAsJsonObject();
      ByteBuffer rest = ByteBuffer.wrap(body, headerLength, body.length - headerLength).slice();
      if (header.has("outputs")) {
        for (JsonElement output : header.getAsJsonArray("outputs")) {
          add(output.getAsJsonObject(), rest);
        }
      }
    } catch (JsonParseException | IllegalStateException | ClassCastException | IndexOutOfBoundsException | ArithmeticException wrong) {
      throw new InferenceException("expected an answer of an inference server, got one that is none: " + wrong.getMessage(), wrong);
    }
  }

  private void add(JsonObject json, ByteBuffer rest) throws InferenceException {
    IOTensor output = GSON.fromJson(json, IOTensor.class);
    if (output.getName() == null || output.getDatatype() == null) {
      throw new IllegalStateException("an output without name or known datatype");
    }
    String name = output.getName();
    int count = Math.toIntExact(output.getElementCount());
    outputs.put(name, output);
    Object size = output.getParameters().get("binary_data_size");
    if (size instanceof Number) {
      int bytes = ((Number) size).intValue();
      if (bytes < 0 || bytes > rest.remaining()) {
        throw new IllegalStateException("output '" + name + "' ends before its " + bytes + " bytes");
      }
      data.put(name, BinaryProtocol.fromBytes(name, output.getDatatype(), count, rest.slice().limit(bytes)));
      rest.position(rest.position() + bytes);
    } else if (json.has("data")) {
      data.put(name, JsonData.fromJson(name, output.getDatatype(), count, json.get("data")));
    }
  }

  /** The model's name. */
  public String getModelName() {
    return text("model_name");
  }

  /** The version that answered. */
  public String getModelVersion() {
    return text("model_version");
  }

  /** The request's identifier; empty if it had none. */
  public String getId() {
    return text("id");
  }

  private String text(String member) {
    return header.has(member) ? header.get(member).getAsString() : "";
  }

  /** All outputs, in the answer's order. */
  public List<IOTensor> getOutputs() {
    return new ArrayList<>(outputs.values());
  }

  /** Null if there is none of that name. */
  public IOTensor getOutput(String name) {
    return outputs.get(name);
  }

  /**
   * Of BOOL.
   *
   * @throws IllegalArgumentException if there is no such output, or it has another type.
   */
  public boolean[] getOutputAsBool(String name) {
    return as(boolean[].class, name);
  }

  /** Of INT8 and UINT8. */
  public byte[] getOutputAsByte(String name) {
    return as(byte[].class, name);
  }

  /** Of INT16 and UINT16; of FP16 and BF16 the bits. */
  public short[] getOutputAsShort(String name) {
    return as(short[].class, name);
  }

  /** Of INT32 and UINT32. */
  public int[] getOutputAsInt(String name) {
    return as(int[].class, name);
  }

  /** Of INT64 and UINT64. */
  public long[] getOutputAsLong(String name) {
    return as(long[].class, name);
  }

  /** Of FP32. */
  public float[] getOutputAsFloat(String name) {
    return as(float[].class, name);
  }

  /** Of FP64. */
  public double[] getOutputAsDouble(String name) {
    return as(double[].class, name);
  }

  /** Of BYTES, and of classifications. */
  public String[] getOutputAsString(String name) {
    return as(String[].class, name);
  }

  private <T> T as(Class<T> wanted, String name) {
    IOTensor output = outputs.get(name);
    if (output == null) {
      throw new IllegalArgumentException("there is no output '" + name + "', only " + outputs.keySet());
    }
    DataType datatype = output.getDatatype();
    if (datatype.arrayClass() != wanted) {
      throw new IllegalArgumentException(
          "output '" + name + "' of " + datatype + " is " + datatype.arrayClass().getSimpleName() + ", not " + wanted.getSimpleName());
    }
    if (!data.containsKey(name)) {
      throw new IllegalArgumentException("output '" + name + "' came without data");
    }
    return wanted.cast(data.get(name));
  }
}
