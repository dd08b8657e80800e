package org.bytedeco.tritonserver.presets;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * How JavaCPP reads the headers of the C interface. The names of classes, and which types stand for C's, are a contract with programs
 * that were compiled with the published org.bytedeco:tritonserver.
 */
@Properties(
    value = @Platform(
        include = {"triton/core/tritonserver.h", "triton/core/tritonbackend.h", "triton/core/tritonrepoagent.h"},
        link = "tritonserver"),
    target = "org.bytedeco.tritonserver.tritonserver",
    global = "org.bytedeco.tritonserver.global.tritonserver")
public class tritonserver implements InfoMapper {
  @Override
  public void map(InfoMap map) {
    map.put(new Info("TRITONSERVER_DECLSPEC", "TRITONBACKEND_DECLSPEC", "TRITONBACKEND_ISPEC", "TRITONREPOAGENT_DECLSPEC",
            "TRITONREPOAGENT_ISPEC").cppTypes().annotations())
        .put(new Info("bool").cast().valueTypes("boolean").pointerTypes("boolean[]", "BoolPointer"))
        .put(new Info("const char").pointerTypes("String", "@Cast(\"const char*\") BytePointer"));
  }
}
