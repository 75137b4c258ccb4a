// The folders of the store and of the mirror: made before privileges are dropped, opened after.
#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "mirror/cache.h"
#include "store/store.h"
#include "wire/error.h"

namespace pixie::app {

/// Where the indexes of images are kept.
std::string kept_indexes_folder(const Settings& settings);

/// Makes the folders of the store and of the images' indexes below --state, and the mirror's if there is one, if it can,
/// and gives them to the user that pixie will be; a mirror's folder that was there already, elsewhere, is left to whom it
/// belongs.
void make_state_folders(const Settings& settings);

struct State {
  std::unique_ptr<store::Store> store;
  /// What is wrong with it, a sentence; empty: nothing.
  std::string trouble;
};

/// Opens the store. If the folder can't be written to, or is another pixie's, and it was not asked for, everything is kept in memory until the
/// end. Fails, with a sentence, if it was asked for, or if the store that is there can't be used.
Expected<State> open_state(const Settings& settings);

/// Takes the mirror's folder and reads what it has; null if there is no mirror. Fails, with a sentence, if it can't be
/// used, or is another pixie's.
Expected<std::unique_ptr<mirror::Cache>> open_mirror(const Settings& settings);

}  // namespace pixie::app
