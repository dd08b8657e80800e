package triton.client;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import triton.client.pojo.DataType;

/** Tensors as numbers and strings in JSON. */
final class JsonData {
  private JsonData() {}

  /** @param data an array as {@link DataType#arrayClass()} says. */
  static JsonArray toJson(DataType datatype, Object data) {
    int count = Array.getLength(data);
    JsonArray json = new JsonArray(count);
    for (int i = 0; i < count; i++) {
      Object value = Array.get(data, i);
      if (value instanceof Boolean) {
        json.add((Boolean) value);
      } else if (value instanceof String) {
        json.add((String) value);
      } else {
        json.add(datatype.isUnsigned() ? unsigned(datatype, (Number) value) : (Number) value);
      }
    }
    return json;
  }

  private static Number unsigned(DataType datatype, Number value) {
    if (datatype == DataType.UINT64) {
      return new BigInteger(Long.toUnsignedString(value.longValue()));
    }
    return value.longValue() & ((1L << (8 * datatype.size())) - 1);
  }

  /**
   * The array that {@link DataType#arrayClass()} says, of elements that may be nested in lists.
   *
   * @throws InferenceException if they are not exactly so many, or not of that type.
   */
  static Object fromJson(String name, DataType datatype, int count, JsonElement json) throws InferenceException {
    Object data = Array.newInstance(datatype.arrayClass().getComponentType(), count);
    int filled;
    try {
      filled = fill(datatype, data, 0, json);
    } catch (IndexOutOfBoundsException more) {
      throw new InferenceException("output '" + name + "': expected " + count + " elements, got more", more);
    } catch (RuntimeException wrong) {
      throw new InferenceException("output '" + name + "': expected elements of " + datatype + ": " + wrong.getMessage(), wrong);
    }
    if (filled != count) {
      throw new InferenceException("output '" + name + "': expected " + count + " elements, got " + filled, 0);
    }
    return data;
  }

  private static int fill(DataType datatype, Object data, int at, JsonElement json) {
    if (json.isJsonArray()) {
      for (JsonElement element : json.getAsJsonArray()) {
        at = fill(datatype, data, at, element);
      }
      return at;
    }
    Array.set(data, at, element(datatype, json));
    return at + 1;
  }

  private static Object element(DataType datatype, JsonElement json) {
    switch (datatype) {
      case BOOL:
        return json.getAsBoolean();
      case BYTES:
        return json.getAsString();
      case FP32:
        return json.getAsFloat();
      case FP64:
        return json.getAsDouble();
      case FP16:
      case BF16:
        throw new IllegalArgumentException("in JSON there are none; ask for binary data");
      default:
        return integer(datatype, json.getAsBigDecimal());
    }
  }

  // With the bits of the number, whose type has a sign in Java.
  private static Object integer(DataType datatype, BigDecimal value) {
    BigInteger exact = value.toBigIntegerExact();
    switch (datatype.size()) {
      case 1:
        return exact.byteValue();
      case 2:
        return exact.shortValue();
      case 4:
        return exact.intValue();
      default:
        return exact.longValue();
    }
  }
}
