// The memory that outputs are written into, by a response allocator in Java.
import static org.bytedeco.tritonserver.global.tritonserver.*;

import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.tritonserver.tritonserver.*;

final class Memory {
  static final int LARGEST_OUTPUT = 1 << 20;  // bytes; more are refused
  static final int CAUSES_A_THROW = 13 * 4;   // bytes; for these it throws

  static final AtomicInteger buffers = new AtomicInteger();  // given to the server and not yet taken back
  static final AtomicInteger starts = new AtomicInteger();

  // The native side keeps no references: callbacks that are only local would be collected under it.
  private static final Allocate ALLOCATE = new Allocate();
  private static final Free FREE = new Free();
  private static final Start START = new Start();

  private Memory() {}

  static TRITONSERVER_ResponseAllocator newAllocator() {
    TRITONSERVER_ResponseAllocator allocator = new TRITONSERVER_ResponseAllocator(null);
    Expect.must(TRITONSERVER_ResponseAllocatorNew(allocator, ALLOCATE, FREE, START));
    return allocator;
  }

  private static final class Allocate extends TRITONSERVER_ResponseAllocatorAllocFn_t {
    @Override
    @SuppressWarnings("rawtypes")  // so are the bindings
    public TRITONSERVER_Error call(
        TRITONSERVER_ResponseAllocator allocator, String name, long size, int type, long typeId, Pointer userp,
        PointerPointer buffer, PointerPointer bufferUserp, IntPointer actualType, LongPointer actualTypeId) {
      if (size > LARGEST_OUTPUT) {
        return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, name + " has more bytes than are allowed");
      }
      if (size == CAUSES_A_THROW) {
        throw new IllegalStateException("thirteen");
      }
      buffers.incrementAndGet();
      buffer.put(0, Pointer.malloc(size));
      bufferUserp.put(0, (Pointer) null);
      actualType.put(0, TRITONSERVER_MEMORY_CPU);
      actualTypeId.put(0, 0);
      return null;
    }
  }

  private static final class Free extends TRITONSERVER_ResponseAllocatorReleaseFn_t {
    @Override
    public TRITONSERVER_Error call(
        TRITONSERVER_ResponseAllocator allocator, Pointer buffer, Pointer bufferUserp, long size, int type, long typeId) {
      buffers.decrementAndGet();
      Pointer.free(buffer);
      return null;
    }
  }

  private static final class Start extends TRITONSERVER_ResponseAllocatorStartFn_t {
    @Override
    public TRITONSERVER_Error call(TRITONSERVER_ResponseAllocator allocator, Pointer userp) {
      starts.incrementAndGet();
      return null;
    }
  }
}
