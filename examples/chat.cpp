// chat.cpp - the same from C++: what is opened is held by unique_ptr, errors become exceptions.
//
// The model is where AIGNE_HUB_API_URL, AIGNE_HUB_API_KEY and BLOCKLET_AIGNE_API_MODEL say.
#include <aignehub/aignehub.h>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string_view>

template <auto release> struct Release {
    template <typename T> void operator()(T *object) const
    {
        release(object);
    }
};
using Config = std::unique_ptr<aigne_config, Release<aigne_config_free>>;
using Model = std::unique_ptr<aigne_model, Release<aigne_model_free>>;

static void check(int rc, aigne_error *&err)
{
    std::unique_ptr<aigne_error, Release<aigne_error_free>> owned(err);
    err = nullptr;
    if (rc < 0)
        throw std::runtime_error(aigne_error_text(owned.get()));
}

static Model open_model()
{
    aigne_error *err = nullptr;
    aigne_config *config = nullptr;
    aigne_model *model = nullptr;
    check(aigne_config_new(&config), err);
    Config owned(config);
    check(aigne_config_set(config, "env", "true", AIGNE_Z, &err), err);
    check(aigne_model_open(config, &model, &err), err);
    return Model(model);
}

static int print(void *, const aigne_event *event)
{
    if (event->kind == AIGNE_EV_TEXT)
        std::cout << std::string_view(event->data, event->len) << std::flush;
    return 0;
}

int main()
try {
    aigne_error *err = nullptr;
    Model model = open_model();
    std::string_view request = R"({"messages": "Hello from C++!"})";
    check(aigne_model_stream(model.get(), request.data(), request.size(), print, nullptr,
                             nullptr, &err),
          err);
    std::cout << std::endl;
    return 0;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << std::endl;
    return 1;
}
