package triton.client;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.lang.reflect.Array;
import triton.client.pojo.DataType;

/** An input: its name, its dimensions with that of the batch, its type, and its elements in row order. */
public class InferInput {
  private final String name;
  private final long[] shape;
  private final DataType datatype;
  private byte[] binary; // one of the two, once the data are set
  private JsonArray json;

  public InferInput(String name, long[] shape, DataType datatype) {
    this.name = name;
    this.shape = shape.clone();
    this.datatype = datatype;
  }

  public String getName() {
    return name;
  }

  public long[] getShape() {
    return shape.clone();
  }

  public DataType getDatatype() {
    return datatype;
  }

  /**
   * For BOOL. The elements are copied: the array is the caller's again.
   *
   * @param isBinaryData as bytes behind the request's JSON, which is faster, rather than as values in it.
   * @throws IllegalArgumentException if the input has another type, or its dimensions make another number of elements.
   */
  public void setData(boolean[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For INT8 and UINT8. */
  public void setData(byte[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For INT16 and UINT16; for FP16 and BF16 the numbers' bits, as binary data only. */
  public void setData(short[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For INT32 and UINT32. */
  public void setData(int[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For INT64 and UINT64. */
  public void setData(long[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For FP32. */
  public void setData(float[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For FP64. */
  public void setData(double[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  /** For BYTES; strings travel as UTF-8. */
  public void setData(String[] data, boolean isBinaryData) {
    set(data, isBinaryData);
  }

  private void set(Object data, boolean isBinaryData) {
    if (data.getClass() != datatype.arrayClass()) {
      throw new IllegalArgumentException(
          "input '" + name + "' of " + datatype + ": expected " + datatype.arrayClass().getSimpleName() + ", got "
              + data.getClass().getSimpleName());
    }
    long expected = 1;
    for (long dimension : shape) {
      expected = Math.multiplyExact(expected, dimension);
    }
    if (Array.getLength(data) != expected) {
      throw new IllegalArgumentException(
          "input '" + name + "': expected " + expected + " elements by its shape, got " + Array.getLength(data));
    }
    if (!isBinaryData && (datatype == DataType.FP16 || datatype == DataType.BF16)) {
      throw new IllegalArgumentException("input '" + name + "': " + datatype + " travels as binary data only");
    }
    binary = isBinaryData ? BinaryProtocol.toBytes(datatype, data) : null;
    json = isBinaryData ? null : JsonData.toJson(datatype, data);
  }

  /** Empty for data that stands in the JSON. */
  byte[] binaryData() {
    return binary == null ? new byte[0] : binary;
  }

  JsonObject toJson() {
    if (binary == null && json == null) {
      throw new IllegalArgumentException("input '" + name + "' has no data: call setData() before infer()");
    }
    JsonObject input = new JsonObject();
    input.addProperty("name", name);
    JsonArray dimensions = new JsonArray(shape.length);
    for (long dimension : shape) {
      dimensions.add(dimension);
    }
    input.add("shape", dimensions);
    input.addProperty("datatype", datatype.name());
    if (binary != null) {
      JsonObject parameters = new JsonObject();
      parameters.addProperty("binary_data_size", binary.length);
      input.add("parameters", parameters);
    } else {
      input.add("data", json);
    }
    return input;
  }
}
