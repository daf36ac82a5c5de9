// What is said to be durable is, and what failed leaves no trace or says so.
#include "coterie/world/net/file_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "coterie/world/net/faulty_calls_for_test.h"
#include "coterie/world/net/loop_for_test.h"

namespace coterie::world {
namespace {

class FileStoreTest : public testing::Test {
 protected:
  FileStoreTest() { open(); }
  void open(bool write_and_sync_in_one = true) {
    store_.reset();
    auto opened = FileStore::open(
        {.directory = scratch_.path("data"), .write_and_sync_in_one = write_and_sync_in_one},
        calls_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  Result<void> carry_out(DiskTask& task) {
    store_->carry_out(task, [] { return true; });
    return task.result;
  }
  Result<void> create(const std::string& name, uint64_t size_bytes) {
    DiskTask task;
    task.kind = DiskTask::Kind::create;
    task.name = name;
    task.size_bytes = size_bytes;
    return carry_out(task);
  }
  static std::unique_ptr<DiskTask> write_task(const std::string& name, uint64_t offset,
                                              std::vector<std::string> parts, Sync sync) {
    auto task = std::make_unique<DiskTask>();
    task->kind = DiskTask::Kind::write;
    task->name = name;
    task->offset = offset;
    task->sync = sync;
    for (const std::string& part : parts) task->parts.push_back(Payload::copy_of(part));
    return task;
  }
  Result<void> write(const std::string& name, uint64_t offset, std::vector<std::string> parts,
                     Sync sync = Sync::yes) {
    return carry_out(*write_task(name, offset, std::move(parts), sync));
  }
  Result<void> simple(DiskTask::Kind kind, const std::string& name, const std::string& to = "") {
    DiskTask task;
    task.kind = kind;
    task.name = name;
    task.to = to;
    return carry_out(task);
  }
  std::string content(const std::string& name) {
    return text_of_file(scratch_.path("data/" + name));
  }
  static Fault fault(const Result<void>& result) {
    EXPECT_FALSE(result);
    return result.error().fault;
  }

  ScratchDir scratch_;
  FaultyCalls calls_;
  std::unique_ptr<FileStore> store_;
};

TEST_F(FileStoreTest, CreatedFilesAreZerosAndSyncedWithTheirDirectory) {
  ASSERT_TRUE(create("segment", (3u << 20) + 5));
  EXPECT_EQ(content("segment"), std::string((3u << 20) + 5, '\0'));
  EXPECT_EQ(calls_.full_syncs, 2) << "the file, the directory";
  EXPECT_EQ(fault(create("segment", 1)), Fault::refused);
  EXPECT_EQ(content("segment").size(), (3u << 20) + 5);
}

TEST_F(FileStoreTest, AFileThatCannotBeMadeLeavesNothing) {
  calls_.allocate_error = ENOSPC;
  EXPECT_EQ(fault(create("segment", 4096)), Fault::no_space);
  calls_.allocate_error = EOPNOTSUPP;  // such file systems there are: filling still finds out
  calls_.room_bytes = 1u << 20;
  EXPECT_EQ(fault(create("segment", 2u << 20)), Fault::no_space);
  calls_.room_bytes = INT64_MAX;
  calls_.full_sync_error = EIO;
  EXPECT_EQ(fault(create("segment", 4096)), Fault::io);
  calls_.full_sync_error = 0;
  EXPECT_TRUE(store_->list()->empty());
  EXPECT_TRUE(create("segment", 4096));
}

TEST_F(FileStoreTest, WhatACrashLeftHalfMadeIsRemoved) {
  ASSERT_TRUE(create("whole", 10));
  store_.reset();
  const std::string half = scratch_.path("data/.unfinished-half");
  ::close(::open(half.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
  ASSERT_TRUE(std::filesystem::exists(half));
  open();
  EXPECT_FALSE(std::filesystem::exists(half));
  const auto files = store_->list();
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front().name, "whole");
  EXPECT_EQ(files->front().size_bytes, 10u);
}

TEST_F(FileStoreTest, ASingleSyncedWriteIsOneCall) {
  ASSERT_TRUE(create("f", 100));
  calls_.plain_writes = 0;
  ASSERT_TRUE(write("f", 10, {"abc", "", "def"}));
  EXPECT_EQ(calls_.synced_writes, 1);
  EXPECT_EQ(calls_.plain_writes, 0);
  EXPECT_EQ(calls_.syncs, 0);
  EXPECT_EQ(content("f").substr(9, 8), std::string("\0abcdef\0", 8));
}

TEST_F(FileStoreTest, WhereThereIsNoSuchCallItIsTwo) {
  ASSERT_TRUE(create("f", 100));
  calls_.synced_write_error = EOPNOTSUPP;
  ASSERT_TRUE(write("f", 0, {"abc"}));
  EXPECT_EQ(calls_.syncs, 1);
  calls_.synced_write_error = 0;
  ASSERT_TRUE(write("f", 0, {"abc"}));
  EXPECT_EQ(calls_.synced_writes, 0) << "it is not tried again";
  EXPECT_EQ(calls_.syncs, 2);
}

TEST_F(FileStoreTest, OneSyncServesAllWritesOfAGroup) {
  ASSERT_TRUE(create("f", 100));
  const auto one = write_task("f", 0, {"a"}, Sync::yes);
  const auto two = write_task("f", 1, {"b"}, Sync::no);
  const auto three = write_task("f", 2, {"c"}, Sync::yes);
  DiskTask* group[] = {one.get(), two.get(), three.get()};
  store_->write(group);
  EXPECT_TRUE(one->result && two->result && three->result);
  EXPECT_EQ(calls_.syncs, 1);
  EXPECT_EQ(content("f").substr(0, 3), "abc");
  const auto four = write_task("f", 0, {"x"}, Sync::no);
  DiskTask* unsynced[] = {four.get()};
  store_->write(unsynced);
  EXPECT_EQ(calls_.syncs, 1);
}

TEST_F(FileStoreTest, AFullDiskLeavesTheFileAsLongAsItWas) {
  ASSERT_TRUE(create("f", 3));
  ASSERT_TRUE(write("f", 0, {"abc"}));
  for (const Sync sync : {Sync::no, Sync::yes}) {
    calls_.room_bytes = 5;
    EXPECT_EQ(fault(write("f", 3, {"0123456789"}, sync)), Fault::no_space);
    EXPECT_EQ(content("f"), "abc");
  }
  calls_.room_bytes = INT64_MAX;
  EXPECT_TRUE(write("f", 3, {"0123456789"})) << "it heals when there is room";
  EXPECT_EQ(content("f"), "abc0123456789");
}

TEST_F(FileStoreTest, AFailedSyncIsForGood) {
  ASSERT_TRUE(create("f", 3));
  open(false);
  calls_.sync_error = EIO;
  EXPECT_EQ(fault(write("f", 0, {"abc"})), Fault::io);
  calls_.sync_error = 0;
  EXPECT_EQ(fault(write("f", 0, {"abc"})), Fault::io) << "the kernel forgets; we do not";
  EXPECT_EQ(fault(simple(DiskTask::Kind::sync, "f")), Fault::io);
  ASSERT_TRUE(create("other", 3));
  EXPECT_TRUE(write("other", 0, {"abc"}));
}

TEST_F(FileStoreTest, ASyncThatFindsNoSpaceIsAFailureNotAFullDisk) {
  ASSERT_TRUE(create("f", 3));
  open(false);
  calls_.sync_error = ENOSPC;
  EXPECT_EQ(fault(write("f", 0, {"abc"})), Fault::io);
}

TEST_F(FileStoreTest, ASyncedWriteThatFailsIsAFailedSync) {
  ASSERT_TRUE(create("f", 3));
  calls_.synced_write_error = EIO;
  EXPECT_EQ(fault(write("f", 0, {"abc"})), Fault::io);
  calls_.synced_write_error = 0;
  EXPECT_EQ(fault(write("f", 0, {"abc"})), Fault::io);
}

TEST_F(FileStoreTest, ALongSyncGoesInSlicesAndAnErrorOfOneCounts) {
  ASSERT_TRUE(create("f", 0));
  calls_.write_outs = 0;
  ASSERT_TRUE(write("f", 0, {std::string(9u << 20, 'x')}, Sync::no));
  ASSERT_TRUE(simple(DiskTask::Kind::sync, "f"));
  EXPECT_EQ(calls_.write_outs, 2);
  EXPECT_EQ(calls_.syncs, 1);
  ASSERT_TRUE(write("f", 0, {std::string(9u << 20, 'x')}, Sync::no));
  calls_.write_out_error = EIO;
  EXPECT_EQ(fault(simple(DiskTask::Kind::sync, "f")), Fault::io);
  calls_.write_out_error = 0;
  EXPECT_EQ(fault(simple(DiskTask::Kind::sync, "f")), Fault::io);
}

TEST_F(FileStoreTest, ManyPartsAreAllWritten) {
  ASSERT_TRUE(create("f", 0));
  std::vector<std::string> parts;
  std::string all;
  for (int i = 0; i < 1300; ++i) parts.push_back(std::to_string(i)), all += parts.back();
  ASSERT_TRUE(write("f", 0, parts));
  EXPECT_EQ(content("f"), all);
  EXPECT_EQ(calls_.syncs, 1) << "one sync for the three calls";
}

TEST_F(FileStoreTest, RenamingReplacesAndForgetsWhatWasOpen) {
  ASSERT_TRUE(create("a", 0));
  ASSERT_TRUE(create("b", 0));
  ASSERT_TRUE(write("a", 0, {"from a"}));
  ASSERT_TRUE(write("b", 0, {"from b, longer"}));
  ASSERT_TRUE(simple(DiskTask::Kind::rename, "a", "b"));
  EXPECT_EQ(store_->load("b")->text(), "from a");
  EXPECT_EQ(store_->load("a").error().fault, Fault::not_found);
  EXPECT_EQ(store_->load_piece("b", 5, 1)->text(), "a");
  EXPECT_EQ(store_->load_piece("b", 5, 2).error().fault, Fault::invalid);
  EXPECT_EQ(store_->load_piece("b", 6, 0)->size(), 0u);
  EXPECT_EQ(store_->load_piece("a", 0, 0).error().fault, Fault::not_found);
  ASSERT_TRUE(write("b", 0, {"F"}));
  EXPECT_EQ(content("b"), "From a");
  ASSERT_TRUE(simple(DiskTask::Kind::remove, "b"));
  for (const auto& result :
       {write("b", 0, {"x"}), simple(DiskTask::Kind::remove, "b"),
        simple(DiskTask::Kind::sync, "b"), simple(DiskTask::Kind::rename, "b", "c")}) {
    EXPECT_EQ(fault(result), Fault::not_found);
  }
}

TEST_F(FileStoreTest, MoreFilesThanAreKeptOpen) {
  for (int i = 0; i < 70; ++i) {
    ASSERT_TRUE(create(std::to_string(i), 0));
    ASSERT_TRUE(write(std::to_string(i), 0, {"content of " + std::to_string(i)}));
  }
  for (int i = 0; i < 70; ++i)
    EXPECT_EQ(store_->load(std::to_string(i))->text(), "content of " + std::to_string(i));
}

TEST_F(FileStoreTest, NamesStayInsideTheDirectory) {
  for (const char* name : {"", ".", "..", ".lock", "a/b", "/etc/passwd"})
    EXPECT_FALSE(FileStore::name_allowed(name)) << name;
  EXPECT_FALSE(FileStore::name_allowed(std::string(201, 'x')));
  EXPECT_FALSE(FileStore::name_allowed(std::string_view("a\0b", 3)));
  EXPECT_TRUE(FileStore::name_allowed("0000000001.log"));
}

TEST_F(FileStoreTest, ADirectoryServesOneProcess) {
  const pid_t other = ::fork();
  ASSERT_GE(other, 0);
  if (other == 0) {
    FileCalls calls;
    const auto second = FileStore::open({.directory = scratch_.path("data")}, calls);
    const std::string expected = "data directory " + scratch_.path("data") +
                                 " is in use by process " + std::to_string(::getppid()) +
                                 ": stop it or choose another --data";
    ::_exit(!second && second.error().fault == Fault::refused && second.error().message == expected
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(FileStore::open({.directory = scratch_.path("data")}, calls_)) << "nor twice in one";
  store_.reset();
  EXPECT_TRUE(FileStore::open({.directory = scratch_.path("data")}, calls_));
}

TEST(FileStoreOpen, SaysWhatIsWrongWithADirectory) {
  ScratchDir scratch;
  FileCalls calls;
  ::close(::open(scratch.path("file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
  const auto store = FileStore::open({.directory = scratch.path("file")}, calls);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().fault, Fault::io);
  EXPECT_NE(store.error().message.find("Not a directory"), std::string::npos)
      << store.error().message;
  EXPECT_TRUE(FileStore::open({.directory = scratch.path("new/and/deep")}, calls));
}

}  // namespace
}  // namespace coterie::world
