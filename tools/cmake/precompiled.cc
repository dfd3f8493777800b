// Nothing but the headers that others share (see shared_headers.cmake): somebody has to be compiled for them to be.
