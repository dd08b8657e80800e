package triton.client;

import java.lang.reflect.Array;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import triton.client.pojo.DataType;

/** Tensors as bytes: the elements in row order, little-endian; a string behind its length. */
final class BinaryProtocol {
  private BinaryProtocol() {}

  /** @param data an array as {@link DataType#arrayClass()} says. */
  static byte[] toBytes(DataType datatype, Object data) {
    if (datatype == DataType.BYTES) {
      return toBytes((String[]) data);
    }
    int count = Array.getLength(data);
    ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(count, datatype.size())).order(ByteOrder.LITTLE_ENDIAN);
    if (data instanceof boolean[]) {
      for (boolean value : (boolean[]) data) {
        bytes.put((byte) (value ? 1 : 0));
      }
    } else if (data instanceof byte[]) {
      bytes.put((byte[]) data);
    } else if (data instanceof short[]) {
      bytes.asShortBuffer().put((short[]) data);
    } else if (data instanceof int[]) {
      bytes.asIntBuffer().put((int[]) data);
    } else if (data instanceof long[]) {
      bytes.asLongBuffer().put((long[]) data);
    } else if (data instanceof float[]) {
      bytes.asFloatBuffer().put((float[]) data);
    } else {
      bytes.asDoubleBuffer().put((double[]) data);
    }
    return bytes.array();
  }

  private static byte[] toBytes(String[] strings) {
    byte[][] encoded = new byte[strings.length][];
    int size = 0;
    for (int i = 0; i < strings.length; i++) {
      encoded[i] = strings[i].getBytes(StandardCharsets.UTF_8);
      size = Math.addExact(size, Math.addExact(4, encoded[i].length));
    }
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (byte[] string : encoded) {
      bytes.putInt(string.length).put(string);
    }
    return bytes.array();
  }

  /**
   * The array that {@link DataType#arrayClass()} says.
   *
   * @throws InferenceException if the bytes are not exactly so many elements.
   */
  static Object fromBytes(String name, DataType datatype, int count, ByteBuffer from) throws InferenceException {
    ByteBuffer bytes = from.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    if (datatype == DataType.BYTES) {
      return strings(name, count, bytes);
    }
    if (bytes.remaining() != (long) count * datatype.size()) {
      throw new InferenceException(
          "output '" + name + "': expected " + count + " elements of " + datatype + ", got " + bytes.remaining() + " bytes", 0);
    }
    Object data = Array.newInstance(datatype.arrayClass().getComponentType(), count);
    if (data instanceof boolean[]) {
      boolean[] values = (boolean[]) data;
      for (int i = 0; i < count; i++) {
        values[i] = bytes.get() != 0;
      }
    } else if (data instanceof byte[]) {
      bytes.get((byte[]) data);
    } else if (data instanceof short[]) {
      bytes.asShortBuffer().get((short[]) data);
    } else if (data instanceof int[]) {
      bytes.asIntBuffer().get((int[]) data);
    } else if (data instanceof long[]) {
      bytes.asLongBuffer().get((long[]) data);
    } else if (data instanceof float[]) {
      bytes.asFloatBuffer().get((float[]) data);
    } else {
      bytes.asDoubleBuffer().get((double[]) data);
    }
    return data;
  }

  private static String[] strings(String name, int count, ByteBuffer bytes) throws InferenceException {
    String[] strings = new String[count];
    try {
      for (int i = 0; i < count; i++) {
        int length = bytes.getInt();
        if (length < 0 || length > bytes.remaining()) {
          throw new BufferUnderflowException();
        }
        byte[] string = new byte[length];
        bytes.get(string);
        strings[i] = new String(string, StandardCharsets.UTF_8);
      }
    } catch (BufferUnderflowException end) {
      throw new InferenceException("output '" + name + "': expected " + count + " strings, the bytes end before", end);
    }
    if (bytes.hasRemaining()) {
      throw new InferenceException(
          "output '" + name + "': expected " + count + " strings, got " + bytes.remaining() + " bytes more", 0);
    }
    return strings;
  }
}
