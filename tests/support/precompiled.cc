// Nothing but the headers that tests have in common (see tests/CMakeLists.txt): somebody has to be compiled for them to be.
