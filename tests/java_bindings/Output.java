// A copy of an output of a response.
import static org.bytedeco.tritonserver.global.tritonserver.*;

import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.tritonserver.tritonserver.TRITONSERVER_InferenceResponse;

final class Output {
  final String name;
  final String datatype;
  final long[] shape;
  final byte[] bytes;

  Output(TRITONSERVER_InferenceResponse response, int index) {
    BytePointer name = new BytePointer((Pointer) null);
    IntPointer datatype = new IntPointer(1);
    LongPointer shape = new LongPointer((Pointer) null);
    LongPointer dimensions = new LongPointer(1);
    Pointer base = new Pointer((Pointer) null);
    SizeTPointer size = new SizeTPointer(1);
    Expect.must(TRITONSERVER_InferenceResponseOutput(response, index, name, datatype, shape, dimensions, base, size,
        new IntPointer(1), new LongPointer(1), new Pointer((Pointer) null)));
    this.name = name.getString();
    this.datatype = TRITONSERVER_DataTypeString(datatype.get());
    this.shape = new long[(int) dimensions.get()];
    shape.get(this.shape);
    bytes = new byte[(int) size.get()];
    new BytePointer(base).capacity(bytes.length).get(bytes);
  }

  int[] ints() {
    int[] values = new int[bytes.length / 4];
    new IntPointer(new BytePointer(bytes)).get(values);
    return values;
  }

  @Override
  public String toString() {
    return name + " " + datatype + " " + Arrays.toString(shape);
  }
}
